"""Plain writes: read here without a coroutine, and handed to the writer. What is doubtful is left to `writes`."""

from collections.abc import Callable
from typing import Any

from ...auth import Identity, Scope
from ...errors import RegistryError
from ...fast_body import read_plain
from ...lookalikes import is_plain, warnings_of
from ...wire import parse
from ..http.plain_writes import PlainWrite
from ..http.write_heads import FirstLine, WriteHead
from ..service import Service
from .taken_apart import is_work
from .write_operations import creation, deletion, patching, update


class FastWrites:
    """Over one running service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._model = service.model
        self.first_line = FirstLine(f"{service.options.prefix}/templates")

    def stays(self, token: str, who: Identity) -> Callable[[], bool] | None:
        return self._service.identities.stays(token, who)

    def who(self, token: str) -> Identity | None:
        try:
            who = self._service.identities.known(token)
            if who is not None:
                who.require(Scope.WRITE)
        except RegistryError:
            return None
        return who

    def begin(self, write: PlainWrite, named: bytes | None, head: WriteHead, body: bytes) -> bool:
        service, method, who, note, asked = self._service, write.method, write.who, head.note, head.asked
        if not service.running or head.length > service.options.limits.body_bytes:
            return False
        operation: Any
        if named is None:
            template = read_plain(body)
            if template is None or self._model.odd:
                return False
            name = template.name
            # Most bodies hold nothing at all that could mislead.
            if (b" " in body or not body.isascii()) and (not is_plain(name) or warnings_of(template)):
                return False
            operation = creation(service, who, template, note, asked)
        else:
            if asked.match is None and service.options.require_if_match:
                return False
            name = named.decode()
            if method == b"PUT":
                template = read_plain(body, name)
                if template is None:
                    return False
                operation = update(service, who, template, note, asked)
            elif method == b"PATCH":
                if is_work(body):
                    return False
                try:
                    patch = parse(body)
                except RegistryError:
                    return False
                operation = patching(service, who, name, patch, note, asked)
            elif body:
                return False
            else:
                operation = deletion(service, who, name, note, asked)
        try:
            service.write_rates.take(who)
        except RegistryError:
            return False
        try:
            service.group_commit.put(operation, (name,), write.resolve)
        except RegistryError:
            service.write_rates.add(who, -1)  # it counts on the ordinary path
            return False
        service.identities.good[who.kind] += 1
        return True
