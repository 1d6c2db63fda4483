"""Writes docs/configuration.md from the options of `serve`: `python docs/generate_configuration.py`. A test holds the
page to them."""

from pathlib import Path

import click

from binder_registry.cli.config_file import config_variables, expected, settings_of
from binder_registry.cli.configuration import LIVE
from binder_registry.cli.serve import serve
from binder_registry.server import RENEWED
from binder_registry.server.limits import bounds

FOLDER = Path(__file__).parent
PAGE = FOLDER / "configuration.md"
EXAMPLE = FOLDER / "registry.toml"

PAGE_TEXT = """\
# Configuration of a server

<!-- Written by docs/generate_configuration.py from the options of `serve`: change those, then run it. -->

Whatever `binder-registry serve` can be told, a flag, a variable or a file tells it. `--config FILE`, or
`BINDER_REGISTRY_CONFIG`, names the file: TOML, with the names of the flags. [registry.toml](registry.toml) is one:

```toml
{example}```

A flag comes before a variable, a variable before the file, and the file before the default. A list, and the table
`limit`, is taken whole from the first of them that has it. A key that there is not is refused, with the nearest one
that there is; so is a value of another kind. All that is wrong with a file is said at once, and the server does not
start. Names of files are looked for in the folder of the file that has them; a path in `db` in the folder that the
server was started in.

Secrets stay in files of their own, or in variables. `api-key-file` names the file of the [keys](operation.md#keys);
where `BINDER_API_KEY` is set, that is the key, for the environment comes first. The password of a PostgreSQL belongs
in a [passfile](postgresql.md#the-password): `db =
"postgresql://registry@db.example.org/registry?passfile=/run/secrets/pgpass"`. What a hub tells its service
(`JUPYTERHUB_…`) stays in the environment.

## Before it is used

```sh
binder-registry serve --config registry.toml --check-config
```

It says each setting that would be in force and where it is from, without any secret, and ends with 0; or it says what
is wrong, and ends with 2. The files of keys, [publishers](publishers.md) and [rules](view.md#by-which-rules) are
read, too. No database and no port is opened.

## While the server runs

On SIGHUP the server reads the file again, and then the files that it names. What can change at once does, for
requests that come from then on, and no request is lost. The log says what was taken, and for what a restart is
needed. A file that cannot be used changes nothing at all: every setting of before stays in force, and the log says
why. Flags and variables still come first.

The limits that change at once are {live}. Where a rate changes, counting begins anew; what is over a smaller limit
already goes on.

## Logs for programs

`log-format = "json"` makes every line, of the log on standard error and of the one of requests on standard output,
one JSON object. All have `time` (RFC 3339, UTC), `level`, `logger` and `message`; one that tells of an unexpected
error also has `traceback`. Those of requests have `method`, `path` (without its query), `status`, `bytes` of the
body, `seconds`, `request_id`, `client` and `by`, as [explained for the text](operation.md#health-stopping-logs); the
last two are null where nobody is known. An error that ends the server is such a line, too; wrong usage of flags,
which is found before, is text.

## All settings

| key | value | variable | default | on SIGHUP | meaning |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    live = ", ".join(f"`{name}`" for name, bound in bounds() if bound.live)
    head = PAGE_TEXT.format(example=EXAMPLE.read_text(), live=live)
    return head + "".join(_row(key, option) for key, option in settings_of(serve).items())


def _row(key: str, option: click.Option) -> str:
    variables = ", ".join(f"`{name}`" for name in config_variables(option))
    cells = [f"`{key}`", expected(option), variables, _default(option), _on_hangup(key, option), _meaning(key, option)]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag:
        return "true" if option.default is True else "false"
    return f"`{option.default}`" if option.show_default else ""


def _on_hangup(key: str, option: click.Option) -> str:
    if isinstance(option.type, click.Path):
        return "what is in the file"
    special = {"limit": "those named above", "cors-origin": "where there are some before and after"}
    return special.get(key, "taken" if key in LIVE or option.name in RENEWED else "")


def _meaning(key: str, option: click.Option) -> str:
    return "What a client can cost: see [limits](limits.md)." if key == "limit" else option.help or ""


if __name__ == "__main__":
    PAGE.write_text(page())
