"""What of the page's modules is pure, in node's test runner."""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def test_the_pure_modules_pass_in_node() -> None:
    tests = sorted(map(str, HERE.glob("*.test.js")))

    ran = subprocess.run(
        ["node", "--test", "--test-reporter=tap", *tests], capture_output=True, text=True, timeout=100, check=False
    )

    assert ran.returncode == 0, ran.stdout
    assert f"# tests {sum(Path(one).read_text().count('test(') for one in tests)}" in ran.stdout
