"""The templates that are served, and database files that hold many of them."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import binder_registry
from binder_registry.backends import open_log
from binder_registry.changes import Action, Change, chained, content_digest
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import encode_template

START = datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=UTC)
ROWS_PER_COMMIT = 20_000


def name(number: int) -> str:
    return f"template-{number:06}"


def body(name: str) -> bytes:
    """What is posted; about 245 bytes once it is stored and has its two times."""
    return json.dumps(
        {
            "name": name,
            "image-name": "quay.io/jupyter/scipy-notebook:2026-01-05",
            "command": "start-notebook.py",
            "limits": {"memory": 2 * 1024**3},
        },
        separators=(",", ":"),
    ).encode()


def database(url: str, templates: int, changes: int) -> None:
    """Write a database with `templates` templates, each changed in turn until there are `changes` changes."""
    log = open_log(url)
    newest = [0] * templates  # revision of each template's newest change
    mark = log.origin()
    for start in range(0, changes, ROWS_PER_COMMIT):
        with log.writing() as rows:
            for revision in range(start + 1, min(start + ROWS_PER_COMMIT, changes) + 1):
                number = (revision - 1) % templates
                change = chained(mark, _change(revision, name(number), newest[number]))
                newest[number], mark = revision, change.mark
                rows.append(change)
    log.close()


def cached_database(folder: Path, templates: int, changes: int) -> Path:
    """The same, kept in `folder` for the next run for as long as the package's code stays as it is."""
    path, key = folder / f"{templates}-{changes}.sqlite", folder / f"{templates}-{changes}.key"
    code = blake2b(digest_size=16)
    for source in sorted(Path(binder_registry.__file__).parent.rglob("*.*")):
        if source.parent.name in ("binder_registry", "backends", "migrations") and source.suffix in (".py", ".sql"):
            code.update(source.read_bytes())
    if not key.exists() or key.read_text() != code.hexdigest():
        for old in folder.glob(f"{templates}-{changes}.*"):
            old.unlink()
        database(f"sqlite:///{path}", templates, changes)
        key.write_text(code.hexdigest())
    return path


def copied_database(source: Path, target: Path) -> Path:
    shutil.copyfile(source, target)  # closed by its writer: there is no write-ahead log beside it
    return target


def _change(revision: int, name: str, previous: int) -> Change:
    time = START + timedelta(milliseconds=revision)
    template = Template(
        name=name,
        image_name="quay.io/jupyter/scipy-notebook:2026-01-05",
        command="start-notebook.py",
        limits=ContainerLimits(memory=(2 + revision % 7) * 1024**3),
        time_created=START,
        time_modified=time,
    )
    content = encode_template(template)
    return Change(
        revision=revision,
        mark=b"",
        time=time,
        by="",
        note="",
        action=Action.UPDATED if previous else Action.CREATED,
        name=name,
        previous=previous,
        first=revision,
        deleted=False,
        content=content,
        digest=content_digest(content),
    )
