"""YAML of hubs' values: as Helm reads it, with the lines where its texts stand."""

import json
import re
from typing import Any

import yaml

from ..formats.losses import Loss, Losses
from ..formats.marked import Unknown, text_at
from ..formats.scalars import WrittenFloat, WrittenInt
from .yaml_text import Loader

_TEXT = "tag:yaml.org,2002:str"
_HEADING = re.compile(r"\A(\s*)(?=(?:COMPUTED|USER-SUPPLIED) VALUES:)")  # of `helm get values`
_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


class ValuesLoader(Loader):
    """Numbers remember how they were written where that says more: `1.10`, `0512`. Custom tags are `Unknown`."""

    def __init__(self, where: str, before: int, losses: Losses, text: str) -> None:
        """`before`: lines of the file above the text."""
        super().__init__(text)
        self._before = before
        self._where = where
        self._losses = losses
        self._text = text

    def construct_document(self, node: Any) -> Any:
        return super().construct_document(_with_placeholders(node, self._text))

    def flatten_mapping(self, node: Any) -> None:
        """A key that stands twice is told: the last one counts, as it does for Helm."""
        if not hasattr(node, "checked"):
            node.checked = True
            seen = set[str]()
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                if key.value in seen and key.value != "<<":
                    what = f"the key {key.value} stands there twice, the last one counts"
                    self._losses.append(Loss(self._at(key), what))
                seen.add(key.value)
        super().flatten_mapping(node)

    def construct_text(self, node: Any) -> Any:
        line = self._line(node)
        return text_at(self.construct_scalar(node), self._where, line, line + (node.style in ("|", ">")))

    def construct_unknown(self, node: Any) -> Unknown:
        return Unknown(f"{node.tag} …" if node.tag.startswith("!") else node.tag.rpartition(":")[2], self._at(node))

    def construct_unquoted(self, node: Any) -> Any:
        value = super().construct_unquoted(node)
        if isinstance(value, bool):
            return value
        for kind, read in ((WrittenInt, self.construct_yaml_int), (WrittenFloat, self.construct_yaml_float)):
            try:
                number = kind(read(node))
            except ValueError:
                continue
            number.written = node.value
            return number
        return value

    def _at(self, node: Any) -> str:
        return f"{self._where}, line {self._line(node)}"

    def _line(self, node: Any) -> int:
        return int(self._before + node.start_mark.line + 1)


ValuesLoader.add_constructor(_TEXT, ValuesLoader.construct_text)
ValuesLoader.add_constructor(None, ValuesLoader.construct_unknown)


def prepared(text: str) -> str:
    """JSON as YAML takes it, and what Helm prints without its heading; the lines stay."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return text
        text = text.replace("\t", " ")  # in texts of JSON there is none
        return _PAIR.sub(
            lambda pair: f"{chr(int(pair[1], 16))}{chr(int(pair[2], 16))}".encode("utf-16", "surrogatepass").decode(
                "utf-16"
            ),
            text,
        )
    return _HEADING.sub(r"\1# ", text)


def _with_placeholders(node: Any, text: str) -> Any:
    """`{{ x }}` without quotes is a mapping within a mapping for YAML, which nobody can mean: a text."""
    pending, seen = [node], {id(node)}
    while pending:
        inner = pending.pop()
        if isinstance(inner, yaml.MappingNode):
            inner.value = [(_as_text(key, text), _as_text(value, text)) for key, value in inner.value]
            parts = [part for pair in inner.value for part in pair]
        elif isinstance(inner, yaml.SequenceNode):
            inner.value = parts = [_as_text(part, text) for part in inner.value]
        else:
            continue
        pending += [part for part in parts if id(part) not in seen]
        seen |= {id(part) for part in parts}
    return node


def _as_text(node: Any, text: str) -> Any:
    if isinstance(node, yaml.MappingNode) and node.flow_style and len(node.value) == 1:
        [(key, _)] = node.value
        if isinstance(key, yaml.MappingNode) and key.flow_style:
            shown = text[node.start_mark.index : node.end_mark.index]
            return yaml.ScalarNode(_TEXT, shown, node.start_mark, node.end_mark)
    return node
