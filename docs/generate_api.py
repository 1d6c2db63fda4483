"""Writes errors.md, limits.md, template.md and api-reference.md from the server's tables: `docs/generate_api.py`.

A test holds the pages to them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from binder_registry.auth import Scope
from binder_registry.channels import Promotion
from binder_registry.choices import Choice, FreeText, Option
from binder_registry.errors import error_name
from binder_registry.member_schema import declared, structure_of
from binder_registry.quantities import format_size
from binder_registry.server.description.parameters import ANSWER_HEADERS
from binder_registry.server.description.schemas import schemas
from binder_registry.server.http.error_status import STATUS
from binder_registry.server.limits import Limits, bounds
from binder_registry.server.routes import ROUTES, Route
from binder_registry.settings import ContainerLimits, Requests, Settings
from binder_registry.template import Template

FOLDER = Path(__file__).parent

ERRORS = """\
# Errors

<!-- Written by docs/generate_api.py from the table that the server answers from: change that, then run it. -->

Every error is JSON: a `message` for people and, where they help, `errors`: hints at what is wrong.

```json
{"message":"bind-port must be from 0 to 65535","errors":[{"resource":"Template","field":"bind-port","code":"invalid"}]}
```

A hint's `resource` is `Template`, `Request` or `Token`, its `field` the member, parameter or header, its `code` one of
`missing`, `missing_field`, `invalid`, `already_exists`. Messages may change; the name in the header `Registry-Error`
does not, and programs should look at that. `Request-Id` is how the server's logs call the request.

| status | `Registry-Error` | what to do |
| --- | --- | --- |
"""

LIMITS = """\
# Limits: what a client can cost

<!-- Written by docs/generate_api.py from server/limits.py, which the server works from: change that, then run it. -->

No caller decides what the server spends. Each bound below holds for the whole server, for each client, for each holder
of tokens, or for each request, and what goes beyond it is refused at once, with the status that the table names, JSON
that says why, and `Retry-After` where waiting helps.

`binder-registry serve --limit NAME=VALUE` sets one, again and again for several; `BINDER_REGISTRY_LIMIT` holds several
with blanks between, and the table `limit` of a [file](configuration.md) each under its name. Bytes may have a unit:
`--limit apply-bytes=16M`.

A client is an address, and of IPv6 a network of 64 bits. Behind a proxy all clients have the proxy's address and share
its part, unless the server is told to [believe that proxy](operation.md#behind-a-proxy): `--trusted-proxies`. A holder
is a token, user, service or publisher, or all who have a key: see
[callers that go too fast](operation.md#callers-that-go-too-fast).

The budgets for the server that are in bytes are {budgets} by default. Plan for them, for what the server takes at its
start (its templates are in memory), and for 200 MB of its work: its memory stays below the sum of the three.

Two things grow with the history of one template, while other writes wait. A promotion to a very old revision counts the
changes since then in the database: 65 ms for 100,000. A purge looks for copies before others wait, and blanks them
while they do: 0.7 s where 100,000 changes hold the same content. Both times are of a processor, with SQLite.

| limit | default | for each | bounds | beyond it |
| --- | --- | --- | --- | --- |
"""

TEMPLATE = """\
# The members of a template

<!-- Written by docs/generate_api.py from the tables of the server: change those, then run it. -->

Only `name` and `image-name` are required. In answers, `name`, `image-name`, `command`, `limits` and the two times are
always there; the others are left out when they are empty. A template that breaks a limit is refused as a whole, with a
hint for every member that does.

"""

MEMBER_TITLES = ("member", "type", "unit", "limits", "meaning", "example")
MEMBER_TABLES: tuple[tuple[str, type[Struct]], ...] = (
    ("", Template),
    ("## An option\n\nOne entry of `options`; its choices are a list, whose order counts.\n\n", Option),
    ("## A choice\n\n", Choice),
    (
        "## A free text\n\nWhat the user types stands where `{value}` is in the values of `set`: plain replacement, "
        "within one word of a command, never in a key.\n\n",
        FreeText,
    ),
    ("## What a choice sets\n\nThe members of `set`, as a template has them.\n\n", Settings),
)
AFTER_MEMBERS = """
A template with all of them that people write:

```json
"""

AFTER_WHOLE = """
```

## In files

Files of `apply`, `import` and `edit` are YAML or JSON, in UTF-8 or, with a byte order mark, in UTF-16. They take what
people write, where it is unmistakable; so do [bodies of YAML](api.md#documents-of-yaml). JSON over HTTP is exact.

- `limits.memory` and `requests.memory`, also those that a choice sets, may have a unit: `512M`, `2G`, `2Gi`, all powers
  of 1024. `500m`, and less than a mebibyte, which is a number whose unit was forgotten, are refused. In JSON, which
  programs write, a number is a number of bytes.
- `limits.cpus` and `requests.cpus` may be in thousandths: `500m`.
- `default` and `build` are `true` or `false`, and nothing else.
- A number, `true` or `false` stands for its text where a text is wanted: `PORT: 8080`, `python: 3.10`. In JSON, where
  the zero of `3.10` is lost, write quotes.
- What YAML, of one version or the other, takes for something else is refused: `yes`, `NO`, `1:30`, `0512`, `1e3`,
  `1_000`. Write quotes. A date is a text.
- `overrides` are JSON: `1`, `1.0`, `true` and `"1"` stay four values, `null` stays, and a size is the text that the
  spawner reads: `mem_limit: 4G`.

Anchors of YAML share a list of options among the templates of one document, and a merge takes what differs. Write the
templates as a list: an anchor does not reach beyond `---`. The registry keeps each template whole.

```yaml
- name: scipy
  image-name: quay.io/jupyter/scipy-notebook:2026-11-24
  options: &sizes
  - name: size
    choices:
    - name: small
      set: {limits: {memory: 2G}, requests: {memory: 1G, cpus: 500m}}
    - &large
      name: large
      set: {limits: {memory: 8G}, requests: {memory: 4G, cpus: 2}}
    - <<: *large
      name: large-for-staff
      allowed-groups: [staff]
- name: r
  image-name: quay.io/jupyter/r-notebook:2026-11-24
  options: *sizes
```
"""


REFERENCE = """\
# Reference of the API

<!-- Written by docs/generate_api.py from the tables that the server answers from: change those, then run it. -->

The [guide](api.md) says how the parts are used together. A server describes itself, too: `/openapi.json` for programs,
`/docs` for people. Errors are explained [here](errors.md), the members of a template [here](template.md).

Every GET also answers HEAD, and every path OPTIONS. Every request may carry `Registry-Revision`.
"""


def errors_page() -> str:
    rows = sorted((status, error_name(error), advice) for error, (status, advice) in STATUS.items())
    return ERRORS + "".join(f"| {status} | `{name}` | {advice} |\n" for status, name, advice in rows)


def limits_page() -> str:
    defaults = Limits()
    budgets = sum(
        getattr(defaults, name.replace("-", "_"))
        for name, bound in bounds()
        if bound.each == "server" and bound.unit == "bytes"
    )
    return LIMITS.format(budgets=format_size(budgets)) + "".join(
        _row([f"`{name}`", _amount(getattr(defaults, attribute), bound.unit), bound.each, bound.meaning, bound.beyond])
        for name, bound in bounds()
        for attribute in [name.replace("-", "_")]
    )


def _amount(value: int, unit: str) -> str:
    return format_size(value) if unit == "bytes" else f"{value:,} s" if unit == "seconds" else f"{value:,}"


def template_page() -> str:
    found = schemas()
    tables = [
        heading + _table(*MEMBER_TITLES) + "".join(map(_row, _member_rows(structure, found)))
        for heading, structure in MEMBER_TABLES
    ]
    whole = json.dumps(whole_template(), indent=2, ensure_ascii=False)
    return TEMPLATE + "\n".join(tables) + AFTER_MEMBERS + whole + AFTER_WHOLE


def _member_rows(structure: type[Struct], found: dict[str, Any], prefix: str = "") -> Iterator[list[str]]:
    types = found[structure.__name__]["properties"]
    for one in declared(structure):
        member = one.member
        example = "" if member.example is None else f"`{json.dumps(member.example, ensure_ascii=False)}`"
        yield [f"`{prefix}{one.wire}`", _type(types[one.wire]), member.unit, member.limits, member.meaning, example]
        if one.type in (ContainerLimits, Requests, Promotion):
            yield from _member_rows(one.type, found, f"{one.wire}.")


def reference_page() -> str:
    parts = [
        REFERENCE,
        *(_route(route) for route in ROUTES),
        "\n## Headers of answers\n\n",
        _table("header", "meaning"),
    ]
    headers = {header.name: header.meaning for header in ANSWER_HEADERS}
    parts += [_row([f"`{name}`", meaning]) for name, meaning in headers.items()]
    found = schemas()
    bodies = (
        "ChangeBody",
        "View",
        "HiddenBody",
        "PlanStep",
        "Plan",
        "Documents",
        "Lost",
        "Problem",
        "Health",
        "ErrorBody",
        "Apply",
        "Restore",
        "Promote",
    )
    for name in bodies:
        parts += [f"\n## {name}\n\n", _table("member", "meaning")]
        parts += [
            _row([f"`{key}`", member.get("description", "")]) for key, member in found[name]["properties"].items()
        ]
    return "".join(parts)


def _route(route: Route) -> str:
    allowed = {None: "Open to everyone", Scope.READ: "Open, unless the server protects reads"}
    needed = allowed.get(route.scope, f"Needs the scope `{route.scope}`")
    lines = [f"\n## {route.method} {route.path}\n\n{route.summary}. {needed}.\n"]
    if route.body:
        others = "".join(f", or {media}" for media in route.takes[1:])
        lines.append(f"Body: `{route.body}`{others}.\n")
    lines.append(f"Answers {route.status}" + (f": `{route.answer}`.\n" if route.answer else ".\n"))
    if route.parameters:
        lines += ["\n", _table("parameter", "in", "meaning", "example")]
        lines += [_row([f"`{one.name}`", one.where, one.meaning, f"`{one.example}`"]) for one in route.parameters]
    names = ", ".join(f"`{error_name(error)}`" for error in route.errors)
    return "".join(lines) + (f"\nErrors of its own: {names}.\n" if names else "")


def _table(*titles: str) -> str:
    return _row([*titles]) + _row(["---"] * len(titles))


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def whole_template() -> dict[str, Any]:
    """The examples of all members that a request may set, as one template."""
    return _whole(Template)


def _whole(structure: type[Struct]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for one in declared(structure):
        if one.member.read_only:
            continue
        within = structure_of(one.type)
        if within:
            whole[one.wire] = _whole(within) if within is one.type else [_whole(within)]
        else:
            whole[one.wire] = one.member.example
    return whole


def _type(schema: dict[str, Any]) -> str:
    below = schema.get("items") or schema.get("additionalProperties")
    if "$ref" in schema:
        return "object"
    kind = {"array": "list"}.get(str(schema["type"]), str(schema["type"]))
    return f"{kind} of {below.get('type', 'object')}s" if isinstance(below, dict) else kind


if __name__ == "__main__":
    (FOLDER / "errors.md").write_text(errors_page())
    (FOLDER / "limits.md").write_text(limits_page())
    (FOLDER / "template.md").write_text(template_page())
    (FOLDER / "api-reference.md").write_text(reference_page())
