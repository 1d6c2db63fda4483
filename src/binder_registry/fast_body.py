"""The body of a POST or PUT, read quickly where it is plain: texts and whole numbers, under 2015's own names.

All that is doubtful (escapes, other members, `null`, a name in another case, what must not stand there twice) is left
to `wire`, which alone says what is wrong.
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from .lengths import LARGEST_INTEGER
from .template import WIRE_NAMES, ContainerLimits, Template
from .wire import parse, template_from_2015

_Number = Annotated[int, Meta(ge=-LARGEST_INTEGER - 1, le=LARGEST_INTEGER)]


class _Limits(Struct, frozen=True, forbid_unknown_fields=True):
    memory: _Number = 0
    cpu_shares: _Number = 0
    gpus: _Number | UnsetType = UNSET


class _Plain(Struct, frozen=True, forbid_unknown_fields=True, rename=WIRE_NAMES):
    name: str = ""
    image_name: str = ""
    command: str = ""
    limits: _Limits | UnsetType = UNSET
    redirect_uri: str = ""
    bind_ip: str = ""
    bind_port: _Number = 0
    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Plain)


def read_template(body: bytes) -> Template:
    """Exactly what `template_from_2015` makes of `parse(body)`, and raises."""
    return read_plain(body) or template_from_2015(parse(body))


def read_plain(body: bytes, name: str = "") -> Template | None:
    """The same where it is plain, under another name where one is given; else None."""
    if b"\\" in body:
        return None
    try:
        found = _decoder.decode(body)
    except ValueError:  # of msgspec, or no UTF-8
        return None
    # What must not stand there twice, since the last one does not simply count, is looked for where it stands there.
    limits, display_name, description = found.limits, found.display_name, found.description
    memory = cpu_shares = gpus = 0
    if limits is not UNSET:
        memory, cpu_shares = limits.memory, limits.cpu_shares
        if body.count(b'"limits"') > 1:
            return None
        if limits.gpus is not UNSET:
            gpus = limits.gpus
            if body.count(b'"gpus"') > 1:
                return None
    if display_name is UNSET:
        display_name = ""
    elif body.count(b'"display-name"') > 1:
        return None
    if description is UNSET:
        description = ""
    elif body.count(b'"description"') > 1:
        return None
    return Template(
        name=name or found.name,
        image_name=found.image_name,
        command=found.command,
        limits=ContainerLimits(memory, cpu_shares, gpus=gpus),
        redirect_uri=found.redirect_uri,
        bind_ip=found.bind_ip,
        bind_port=found.bind_port,
        display_name=display_name,
        description=description,
    )
