"""Copy the database to the volume of backups, under the time as its name, and keep the newest so many.

Called with the database's URL, a folder, and how many to keep.
"""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PROGRAM = (sys.executable, "-P", "-m", "binder_registry")


def main(db: str, folder: str, keep: str) -> int:
    made = Path(folder, f"registry-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    copied = subprocess.run([*PROGRAM, "backup", "--db", db, str(made)], check=False)
    if copied.returncode:
        return copied.returncode  # nothing is deleted where nothing was made
    for old in sorted(Path(folder).glob("registry-????????T??????Z.db"))[: -int(keep)]:
        old.unlink()
        print(f"{old} deleted: the newest {keep} are kept")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
