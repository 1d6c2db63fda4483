"""What a write does once its request was read: one operation each, for the writer, whichever path the request took."""

from collections.abc import Sequence

from ...auth import Identity
from ...batch import Batch
from ...changes import Change, Position
from ...errors import InvalidRequest
from ...kept_members import shown
from ...lookalikes import warnings_of
from ...template import Template
from ...wire import merge_patch
from ..http.conditions import NONE, Conditions
from ..http.replies import Header, Reply, Written, json_reply
from ..live.answer import entity_tag, path_of
from ..live.waiting_writes import Operation
from ..service import Service
from .warning_headers import warning_headers


def creation(
    service: Service, who: Identity, template: Template, note: str, asked: Conditions, warned: Sequence[Header] = ()
) -> Operation[Written]:
    registry, prefix = service.registry, service.options.prefix

    def create(batch: Batch) -> Written:
        if asked is not NONE:
            registry.require_name(who, template.name)
            check(asked, batch, batch.current(template.name))
        registry.template_create(who, template, note=note)
        location = (prefix + path_of(template.name)).encode()
        return Written(201, batch.rows[-1], [(b"location", location), *warned])

    return create


def update(service: Service, who: Identity, template: Template, note: str, asked: Conditions) -> Operation[Written]:
    """2015's PUT: the members that are given and not empty replace."""
    registry = service.registry

    def write(batch: Batch) -> Written:
        if asked is not NONE:
            registry.require_name(who, template.name)
            check(asked, batch, batch.existing(template.name))
        registry.template_update(who, template, note=note)
        return Written(202, batch.rows[-1], warning_headers(warnings_of(template)))

    return write


def patching(
    service: Service, who: Identity, name: str, patch: object, note: str, asked: Conditions
) -> Operation[Written]:
    registry = service.registry

    def write(batch: Batch) -> Written:
        registry.require_name(who, name)
        current = batch.existing(name)
        check(asked, batch, current)
        patched = merge_patch(batch.readable(current), patch)
        if patched.name != name:
            raise InvalidRequest.parameter("name", "cannot be changed")
        registry.template_replace(who, patched, note=note)
        return Written(200, batch.rows[-1], warning_headers(warnings_of(patched)))

    return write


def deletion(
    service: Service, who: Identity, name: str, note: str, asked: Conditions, replaced_by: str = ""
) -> Operation[Reply]:
    registry = service.registry

    def delete(batch: Batch) -> Reply:
        registry.require_name(who, name)
        current = batch.existing(name)
        check(asked, batch, current)
        registry.template_delete(who, name, note=note, replaced_by=replaced_by)
        assert current.content is not None, "the newest change is never purged"
        tag = entity_tag(batch.rows[-1].position)
        return json_reply(200, shown(current.content) + b"\n", [(b"etag", tag)])

    return delete


def check(asked: Conditions, batch: Batch, current: Change | None) -> None:
    """Of one template, before anything is written. Raises `RevisionConflict`."""
    if current is None:
        asked.check(Position(0), None, lives=False)
    elif asked is not NONE:
        time = batch.written_at(current.name) if asked.unmodified_since else None
        asked.check(current.position, time, lives=not current.deleted)
