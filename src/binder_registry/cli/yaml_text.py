"""YAML, in and out, with its scalars as they were written.

What YAML, of one version or the other, would read as a number, a date or a truth is quoted on the way out. On the way
in, nothing is reckoned: `0512`, `1:30` and `1_000` stay what they are, and dates are texts.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import yaml

from .sources import InvalidDocument, decoded
from .unfolding import Unfolding

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

LONGEST_NUMBER = 40  # characters; more is a text: no long arithmetic

_TAG = "tag:yaml.org,2002:"
_UNQUOTED = "!unquoted"  # a tag of our own, which no document can mean
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

# All versions of YAML and their readers agree about these.
_CLEAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|true|false", re.ASCII)
# What one of them takes for something else than a text, a date or null.
_NOT_TEXT = re.compile(
    r"""(?: [-+]? (?: \.[0-9][0-9_]* | [0-9][0-9_]*(?:\.[0-9_]*)? ) (?:[eE][-+]?[0-9]+)?
        | [-+]?0[oOxXbB][0-9a-fA-F_]+
        | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
        | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
        | true|True|TRUE|yes|Yes|YES|on|On|ON | false|False|FALSE|no|No|NO|off|Off|OFF
        )\Z""",
    re.ASCII | re.VERBOSE,
)
# What Go's reader takes for something else besides, and PyYAML writes without quotes.
_QUOTED = re.compile(r"[-+.]?[0-9][0-9a-fA-F_xXoObBeE.:+-]*|[yYnN]")


class Unquoted(str):
    """What stood without quotes and may be a number or a truth, as it was written."""

    __slots__ = ()

    @property
    def clear(self) -> bool:
        """Whether everybody reads the same in it."""
        return _CLEAR.fullmatch(self) is not None


class Loader(_BaseLoader):  # type: ignore[misc]
    """For the documents of others: truths as values, and numbers that are clear."""

    yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag in (f"{_TAG}null", f"{_TAG}merge")]
        for start, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._unfolding = Unfolding()

    def construct_document(self, node: Any) -> Any:
        self._unfolding.add(node)
        return super().construct_document(node)

    def flatten_mapping(self, node: Any) -> None:
        """Also refuses a key that stands twice, once per mapping: merging adds keys that do."""
        if not hasattr(node, "checked"):
            node.checked = True
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) < len(keys):
                raise yaml.constructor.ConstructorError(None, None, "a key stands here twice", node.start_mark)
        super().flatten_mapping(node)

    def construct_unquoted(self, node: Any) -> Any:
        text = self.construct_scalar(node)
        if text.lower() in _TRUTHS:
            return _TRUTHS[text.lower()]
        if not _CLEAR.fullmatch(text) or len(text) > LONGEST_NUMBER:
            return text
        return float(text) if "." in text else int(text)


class LoaderAsWritten(Loader):
    def construct_unquoted(self, node: Any) -> Any:
        return Unquoted(self.construct_scalar(node))


Loader.add_implicit_resolver(_UNQUOTED, _NOT_TEXT, list("-+.0123456789yYnNtTfFoO"))
for _tag in (_UNQUOTED, *(_TAG + kind for kind in ("int", "float", "bool", "timestamp"))):
    Loader.add_constructor(_tag, lambda loader, node: loader.construct_unquoted(node))


class _Dumper(_BaseDumper):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    quoted = _QUOTED.fullmatch(text) or _NOT_TEXT.match(text)
    style = "|" if "\n" in text else '"' if quoted else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


def _represent_number(dumper: Any, number: float) -> Any:
    digits = f"{Decimal(repr(number)):f}"
    return dumper.represent_scalar(f"{_TAG}float", digits if "." in digits else f"{digits}.0")


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_number)


def to_yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    return text


def to_yaml_documents(values: Iterable[Any]) -> str:
    text: str = yaml.dump_all(
        values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, explicit_start=True
    )
    return text


def load_yaml(text: str | bytes, where: str, loader: Any = Loader) -> list[Any]:
    """The documents; with `LoaderAsWritten` numbers and truths are `Unquoted`. Raises `InvalidDocument`.

    `loader` is a `Loader`, or makes one of a text.
    """
    if isinstance(text, bytes):
        text = decoded(text, where)
    try:
        return list(yaml.load_all(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        at = f", line {line}" if line else ""
        message = f"{where}{at}: not valid YAML: {error.problem or error.context}"
        raise InvalidDocument(message, line=line) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidDocument(f"{where}: not valid YAML: {str(error).splitlines()[0]}") from None
