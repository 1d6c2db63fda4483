"""The quick reading of an apply, which nobody may notice."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry import apply_body
from binder_registry.apply import ApplyRequest, parse_apply
from binder_registry.apply_body import read_apply
from binder_registry.errors import InvalidRequest
from binder_registry.template import Template
from binder_registry.wire import encode_template, parse

from .test_wire_options import templates

ODD = [
    '"requests":{"cpus":1.0}',
    '"requests":{"cpus":1e2}',
    '"requests":{"cpus":-0.0}',
    '"requests":{"cpus":0.5,"memory":1.0}',
    '"requests":{"memory":9223372036854775808}',
    '"requests":{"memory":1},"requests":{"cpus":1}',
    '"limits":{"memory":1e3}',
    '"limits":{"memory":null}',
    '"limits":{"memory":-1}',
    '"limits":{}',
    '"limits":null',
    '"command":""',
    '"contact":"a","contact":"b"',
    '"contact":"\\u0022a","contact":"b"',
    '"contact":"\\u00e9\\/<&>\\b\\f\\u2028"',
    '"contact":"\\ud800"',
    '"c\\u006fntact":"a"',
    '"contact":1',
    '"Contact":"a"',
    '"unknown":[]',
    '"labels":{"b":"1","a":"2","b":"3"}',
    '"labels":{"b":"1","a":"2"}',
    '"environment":{"B":"1","A":"2"}',
    '"allowed-groups":[]',
    '"time-created":"2026-01-01T00:00:00Z"',
    '"time-created":"2026-01-01 00:00:00Z"',
    '"time-created":null',
    '"time\\u002dcreated":"2026-01-01T00:00:00Z"',
    '"revision":7',
    '"r\\u0065vision":7',
    '"deleted":false',
    '"uses":["options"]',
    '"overrides":{"kubespawner":{"b":1.0,"a":1e2,"c":-0,"d":-0.0,"e":"\\u003c<"}}',
    '"overrides":{"kubespawner":{"a":1,"a":2}}',
    '"overrides":{"kubespawner":{"a":{"b":1,"b":1}}}',
    '"overrides":{"kubespawner":{"a":9223372036854775808}}',
    '"overrides":{"kubespawner":{"a":[1e300]}}',
    '"overrides":{"kubespawner":{"a":null}}',
    '"overrides":{"kubespawner":{}}',
    '"overrides":{"kubespawner":[]}',
    '"overrides":{"Kube":{}}',
    '"overrides":{"kubespawner":{"a":' + "[" * 30 + "]" * 30 + "}}",
    '"overrides":{"kubespawner":{"a":' + "[" * 31 + "]" * 31 + "}}",
    '"options":[{"name":"o","choices":[{"name":"c","allowed-groups":[]}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"environment":{"B":"1","A":"2"}}}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"limits":{}}}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"limits":{"memory":0},"command":""}}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"overrides":{"kubespawner":{"a":1.0, "b" : 2}}}}]}]',
    '"options":[{"name":"o","free-text":{"set":{"command":"\'{value}"}}}]',
    '"options":[{"name":"o","free-text":{"set":{"environment":{"B":"1","A":"2"}}}}]',
    '"options":[{"name":"o","free-text":null,"build":true}]',
    '"options":[{"name":"o","build":1}]',
    '"options":[{"name":"o"}]',
    '"options":{}',
    '"options":[]',
    '"labels":{"options":"1"}',
    '"limits":{"memory":1.0}',
    '"limits":{"memory":10e2}',
    '"limits":{"cpus":1e0}',
    '"limits":{"cpus":1.5e16}',
    '"limits":{"cpus":-0.0}',
    '"requests":{"cpus":2.50}',
    '"options":[{"name":"o","choices":[{"name":"c","name":"c"}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","display-name":"\\u0022","display-name":"x"}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","unknown":1}]}]',
    '"options":[{"name":"o","choices":[{"name":"c"},{"name":"c"}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"limits":{"cpus":2.0}}}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","default":false}]}]',
    '"options":[{"name":"o","choices":[{"name":"c","set":{"overrides":{"kubespawner":{"a":1,"a":2}}}}]}]',
    '"options":null',
]


def result(read: Any) -> Any:
    """Everything that can be seen of it: the request, the bytes of its templates, or the error."""
    try:
        request: ApplyRequest = read()
    except InvalidRequest as error:
        return type(error), error.message, error.errors
    return request, [encode_template(template) for template in request.templates]


def assert_read_alike(body: bytes) -> None:
    assert result(lambda: read_apply(body)) == result(lambda: parse_apply(parse(body)))


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], order) for key in order.sample(list(value), len(value))}
    return [shuffled(one, order) for one in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(st.lists(templates, max_size=3), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_templates_are_read_alike(wanted: list[Any], order: random.Random, ascii_only: bool, spaced: bool) -> None:
    body = json.dumps(
        shuffled({"templates": wanted, "note": "n"}, order),
        ensure_ascii=ascii_only,
        separators=None if spaced else (",", ":"),
    )

    assert_read_alike(body.encode())


@settings(deadline=None)
@given(st.lists(st.sampled_from(ODD), max_size=3))
def test_what_is_odd_is_read_alike(members: list[str]) -> None:
    template = ",".join(['"name":"a"', '"image-name":"i"', *members])

    assert_read_alike(f'{{"templates":[{{"name":"b","image-name":"i"}},{{{template}}}]}}'.encode())


NESTED = r"""{"templates" : [{"name":"a","image-name":"},{"} , {"image-name":"\"},\n {","name":"b","labels":{"c":"d"}},
    {"name":"e","image-name":"i","options":[{"name":"o","choices":[{"name":"p"},{"name":"q"}]},{"name":"r",
    "choices":[{"name":"s"} ,{"name":"},{"}]}]},
    {"name":"t","image-name":"i"},{"name":"u","image-name":"i"}],"delete":{"},{":null}}"""


@pytest.mark.parametrize("size", [1, 7, 30, 64, 100, 200])
@pytest.mark.parametrize("body", [NESTED, NESTED.replace('"t"', "t"), NESTED.replace(',{"name":"u"', ',5,{"name":"u"')])
def test_a_list_is_read_alike_wherever_it_is_cut(monkeypatch: pytest.MonkeyPatch, size: int, body: str) -> None:
    monkeypatch.setattr(apply_body, "PIECE", size)

    assert_read_alike(body.encode())


@pytest.mark.parametrize("member", ODD)
def test_each_that_is_odd_is_read_alike(member: str) -> None:
    assert_read_alike(f'{{"templates":[{{"name":"a","image-name":"i",{member}}}]}}'.encode())


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '{"templates":[null,1,"a",[]]}',
        '{"templates":{}}',
        '{"templates":null}',
        '{"templates":[],"templates":[{"name":"a","image-name":"i"}]}',
        '{"templates":[{"name":"a","image-name":"i"}],"templates":[]}',
        '{"templates":[{"name":"a","image-name":"i"},{"name":"a","image-name":"i"}]}',
        '{"templates":[{"name":"a","image-name":"i"}],"delete":{"a":null}}',
        '{"templates":[{"name":"a"}],"delete":{"b":"b"},"x":1}',
        '{"templates":[{"name":"a","image-name":"i"}],"dry-run":true,"note":"\\ud83d\\ude00"}',
        '{"templates":[{"name":"a","image-name":"i"}',
        "[" * 5000,
        '{"templates":[' + '{"a":' * 2000 + "1" + "}" * 2000 + "]}",
        '\ufeff{"templates":[]}',
        '{"prune":"*","templates":[]}',
        '{"note":"\\ud800","templates":[]}',
        '{"templates":[{"name":"a","image-name":"i"}],"note":"a","note":"b"}',
        '{"templates":[{"name":"a","image-name":"i"}],"delete":{"b":null,"b":"c"}}',
        '{"templates":[{"name":"a","image-name":"\\ud800"}]}',
        '{"templates":[{"name":"a","image-name":"i","command":"","limits":{}}]}',
        '{"templates":[{"name":"a","image-name":"i","command":"","limits":{},"command":"x"}]}',
        '{"templates":[{"name":"a","image-name":"i","unknown":{"command":"","limits":{}}}]}',
    ],
)
def test_whatever_else_is_in_a_body_is_read_alike(body: str) -> None:
    assert_read_alike(body.encode())


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"command": "", "limits": {}},
        {"time-created": "2026-01-01T00:00:00Z"},
        {"options": [{"choices": [{"set": {"overrides": {"docker": {"b": 1, "a": 0.5}}}, "name": "c"}], "name": "o"}]},
    ],
)
def test_what_clients_send_is_read_quickly(members: dict[str, Any]) -> None:
    wanted = {"image-name": "i", "name": "a", **members}

    assert isinstance(apply_body._template(json.dumps(wanted).encode(), apply_body._read_options), Template)


def test_options_that_several_templates_offer_are_read_once() -> None:
    option = {"name": "o", "choices": [{"name": "c", "set": {"environment": {"B": "1", "A": "2"}}}]}
    wanted = [{"name": name, "image-name": "i", "options": [option]} for name in "ab"]

    a, b = read_apply(json.dumps({"templates": wanted}).encode()).templates

    assert a.options is b.options


@pytest.mark.parametrize("value", [b"{}", b"[]", b"0", b'{"name":"a","image-name":"i"}'])
def test_more_values_than_an_apply_may_have_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch, value: bytes
) -> None:
    monkeypatch.setattr(apply_body, "APPLY_VALUES", 20)
    body = b'{"templates":[%b]}' % b",".join([value] * 30)

    with pytest.raises(InvalidRequest) as refused:
        read_apply(body)

    assert refused.value.message == "The body has more than 20 values: make several applies of it"
    assert [hint.field for hint in refused.value.errors] == ["body"]


def test_as_many_values_as_an_apply_may_have_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_body, "APPLY_VALUES", 5)

    read = read_apply(b'{"templates":[{"name":"a","image-name":"i,i"}]}')

    assert [template.name for template in read.templates] == ["a"]
