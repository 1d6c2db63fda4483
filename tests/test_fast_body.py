"""The quick reader of a body gives what the thorough one gives: the same template, or the same error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.errors import APIErrorResponse
from binder_registry.fast_body import read_plain, read_template
from binder_registry.wire import parse, template_from_2015

NAMES = (
    *("name", "image-name", "command", "limits", "redirect-uri", "container-ip", "bind-port", "display-name"),
    *("description", "labels", "time-created", "allowed-groups", "Name", "IMAGE-NAME", "ſhape", "colour", "revision"),
)
AMOUNTS = ("memory", "cpu_shares", "cpus", "gpus", "Memory", "disk")
scalars = (
    st.text(max_size=6)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**25])
    | st.floats()
    | st.booleans()
    | st.none()
    | st.lists(st.text(max_size=2), max_size=2)
)
amounts = st.lists(st.tuples(st.sampled_from(AMOUNTS), scalars), max_size=3)
members = st.lists(st.tuples(st.sampled_from(NAMES), scalars | amounts.map(tuple)), max_size=6)
blanks = st.sampled_from(["", " ", "\n\t", "\x0b", "\ufeff"])


def written(pairs: Any, blank: str, ascii_only: bool) -> str:
    """JSON in which names may come twice."""
    texts = [
        f"{json.dumps(key, ensure_ascii=ascii_only)}:{blank}"
        + (
            written(value, blank, ascii_only)
            if isinstance(value, tuple)
            else json.dumps(value, ensure_ascii=ascii_only)
        )
        for key, value in pairs
    ]
    return "{" + f"{blank},".join(texts) + "}"


def outcome(read: Any, body: bytes) -> Any:
    try:
        return read(body)
    except APIErrorResponse as error:
        return error


def same(body: bytes) -> bool:
    return bool(outcome(read_template, body) == outcome(lambda text: template_from_2015(parse(text)), body))


@given(members, blanks, st.booleans())
def test_whatever_is_sent_both_readers_agree(pairs: Any, blank: str, ascii_only: bool) -> None:
    body = (blank + written(pairs, blank, ascii_only)).encode(errors="surrogatepass")

    assert same(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"name":"a"}x',
        b'{"name":"a",}',
        b'{"name":"a","name":"b"}',
        b'{"limits":{"memory":1},"limits":{"gpus":2}}',
        b'{"limits":{"memory":1,"memory":2}}',
        b'{"limits":{"memory":1},"Limits":{"gpus":2}}',
        b'{"name":"\xff"}',
        b'{"name":"\xed\xa0\x80"}',
        b'{"name":"a\x01"}',
        b'{"name":"\\ud800"}',
        b'{"bind-port":1.0}',
        b'{"bind-port":1e2}',
        b'{"bind-port":-0}',
        b'{"bind-port":01}',
        b'{"bind-port":true}',
        b'{"n\\u0061me":"a"}',
        '{"name":"\u2028\U0001f600"}'.encode(),
    ],
)
def test_odd_bodies_are_read_alike(body: bytes) -> None:
    assert same(body)


def test_a_plain_body_is_read_at_once() -> None:
    body = b'{"name": "a", "image-name": "i", "command": "c", "limits": {"memory": 5, "cpu_shares": 2}, "bind-port": 8}'

    template = read_plain(body)

    assert template is not None
    assert template == template_from_2015(parse(body))
