"""What channels cost readers: each row holds what a channel shows against the same without one, of one server."""

from collections.abc import Iterator
from pathlib import Path

from binder_registry import LogStore, Template
from binder_registry.backends import open_log

from .load import reads
from .rows import LIST, SMALL, Bench, Row
from .servers import registry
from .templates import cached_database, copied_database, name

CHANNEL = "stable"


def of_a_channel(bench: Bench) -> Iterator[Row]:
    for templates, path, work in (
        (SMALL, f"/templates/{name(SMALL // 2)}", f"GET one of {SMALL} templates as a channel shows it, c=32"),
        (LIST, "/templates", f"GET the list of {LIST:,} templates as a channel shows them"),
    ):
        source = cached_database(bench.data, templates, templates)
        with registry(_promoted(copied_database(source, bench.folder / f"channel-{templates}.sqlite"))) as server:
            yield bench.compare(
                work,
                "our own without a channel",
                0.95,
                lambda: reads(server, f"{path}?channel={CHANNEL}", seconds=bench.seconds),  # noqa: B023  # called at once
                lambda: reads(server, path, seconds=bench.seconds),  # noqa: B023
            )


def _promoted(database: Path) -> Path:
    """Each template was promoted, and changed since: the channel shows what is not the newest."""
    store = LogStore(open_log(f"sqlite:///{database}"))
    with store.atomic():
        for template in store.list_templates():
            store.promote_template(template.name, CHANNEL)
            store.update_template(Template(name=template.name, image_name="quay.io/jupyter/scipy-notebook:2026-02-02"))
    store.close()
    return database
