"""Plain writes: read here without a coroutine, and handed to the writer. What is doubtful is left to `writes`."""

import re

from ...auth import Identity, Scope
from ...changes import Change
from ...errors import RegistryError
from ...fast_body import read_plain
from ...lookalikes import is_plain, warnings_of
from ...wire import parse
from ..http.conditions import conditions_of
from ..http.fast_writes import PlainWrite, WriteHead
from ..http.requests import note_of, token_of
from ..live.entries import Entry
from ..live.group_commit import Operation
from ..service import Service
from .write_operations import creation, deletion, patching, update

_NAME = re.compile(rb"[A-Za-z0-9_~][A-Za-z0-9._~-]*")  # as it stands in a path, and needs no decoding


class FastWrites:
    """Over one running service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._list = f"{service.options.prefix}/templates".encode()

    @property
    def revision(self) -> int:
        return self._service.model.revision

    def shown(self, change: Change) -> Entry | None:
        found = self._service.model.entries.get(change.name)
        return found if isinstance(found, Entry) and found.revision == change.revision else None

    def takes(self, method: bytes, target: bytes) -> bool:
        if method == b"POST":
            return target == self._list
        folder, _, name = target.rpartition(b"/")
        return folder == self._list and _NAME.fullmatch(name) is not None

    def who(self, head: WriteHead) -> Identity | None:
        try:
            who = self._service.identities.known(token_of(head.authorization))
            if who is not None:
                who.require(Scope.WRITE)
        except RegistryError:
            return None
        return who

    def begin(self, write: PlainWrite, head: WriteHead, body: bytes) -> bool:
        service = self._service
        if not service.running or head.length > service.options.limits.body_bytes:
            return False
        try:
            found = self._operation(write, head, body)
            if found is None:
                return False
            operation, name = found
            service.write_rates.take(write.who)
        except RegistryError:
            return False
        try:
            service.group_commit.put(operation, (name,), write.resolve)
        except RegistryError:
            service.write_rates.add(write.who, -1)  # it counts on the ordinary path
            return False
        return True

    def _operation(self, write: PlainWrite, head: WriteHead, body: bytes) -> "tuple[Operation[object], str] | None":
        service, who, note = self._service, write.who, note_of(head.note)
        creates = write.method == "POST"
        asked = conditions_of(head.match, head.none_match, required=not creates and service.options.require_if_match)
        write.route = "/templates" if creates else "/templates/{name}"
        name = "" if creates else write.target.rpartition(b"/")[2].decode()
        if write.method == "DELETE":
            return None if body else (deletion(service, who, name, note, asked), name)
        if write.method == "PATCH":
            return patching(service, who, name, parse(body), note, asked), name
        template = read_plain(body, name)
        if template is None:
            return None
        if not creates:
            return update(service, who, template, note, asked), name
        if service.model.odd or not is_plain(template.name) or warnings_of(template):
            return None
        return creation(service, who, template, note, asked), template.name
