"""What is missing, and the line that installs it."""

import shlex
import sys
from importlib.util import find_spec


def installs(package: str) -> str:
    """A line for a shell, for the interpreter that runs this: another `pip` may be the first on the path, or none."""
    python = sys.executable or "python3"
    pip = [python, "-m", "pip", "install"] if find_spec("pip") else ["uv", "pip", "install", "--python", python]
    return shlex.join([*pip, package])


def is_missing(error: ImportError, *modules: str) -> bool:
    """Whether it is for want of one of these, which may say no more of it; else something is wrong with our own."""
    return (error.name or modules[0]).partition(".")[0] in modules
