import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry import strict_json
from binder_registry.errors import HINTS, APIErrorResponse, ErrorHint, InvalidRequest, InvalidTemplate
from binder_registry.must_understand import full_view
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import (
    Object,
    decode_template,
    encode,
    encode_error,
    encode_template,
    merge_patch,
    parse,
    template_from_2015,
    template_from_members,
    timestamp,
)

NOON = datetime(2015, 10, 7, 12, 0, 0, tzinfo=UTC)


def read_2015(body: str | bytes) -> Template:
    return template_from_2015(parse(body if isinstance(body, bytes) else body.encode()))


def wrong_fields(body: str | bytes) -> list[str]:
    with pytest.raises(InvalidTemplate) as refusal:
        read_2015(body)
    return [hint.field for hint in refusal.value.errors]


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


# ── JSON: what is a body at all ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \t\r\n",
        b"nothing",
        b"{",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1,}',
        b"[1,]",
        b"{'a':1}",
        b"{a:1}",
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":1.}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":"\\x41"}',
        b'{"a":"\\u12"}',
        b'{"a":"\n"}',
        b'{"a":"\x01"}',
        b'{"a":1} x',
        b"{}{}",
        b"{} //",
        b"/**/{}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\x0b{}",
        b"{}\xc2\xa0",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"\\ud800":1}',
        b'{"unknown":[{"x":"\\udfff"}]}',
    ],
)
def test_what_is_no_strict_json_in_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse(body)

    assert refusal.value.errors == (ErrorHint("Request", "body", "invalid"),)


@pytest.mark.parametrize("body", [b"", b"  ", b"{", b'{"name":', b'{"name":"a"', b'{"name":"a', b"[1,"])
def test_a_body_that_was_cut_is_refused_in_the_words_of_2015(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^unexpected end of JSON input$"):
        parse(body)


def test_space_around_a_body_is_allowed() -> None:
    assert parse(b' \t\r\n{"a": 1}\n\n') == Object([("a", 1)])


def test_members_stay_in_the_order_of_the_document_with_their_repeats() -> None:
    assert parse(b'{"b":1,"a":2,"b":3}') == Object([("b", 1), ("a", 2), ("b", 3)])


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_a_body_as_deep_as_go_allows_is_accepted(opening: str, closing: str) -> None:
    depth = 9_998 // (opening.count("[") + opening.count("{"))

    template = read_2015('{"name":"deep","x":' + opening * depth + "1" + closing * depth + "}")

    assert template == Template(name="deep")


@pytest.mark.parametrize(("depth", "accepted"), [(9_999, True), (10_000, True), (10_001, False), (100_000, False)])
@pytest.mark.parametrize("kind", ["lists", "objects"])
def test_ten_thousand_levels_are_the_most(depth: int, accepted: bool, kind: str) -> None:
    body = nested(depth) if kind == "lists" else '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)

    try:
        parse(body.encode())
    except InvalidRequest:
        refused = True
    else:
        refused = False

    assert refused != accepted


@pytest.mark.parametrize("end", ["", "1", "]]", "]}", "]" * 6_000, "," + "]" * 5_000, ":" + "]" * 5_000])
def test_a_deep_body_that_is_malformed_is_refused(end: str) -> None:
    with pytest.raises(InvalidRequest):
        parse(("[" * 5_000 + end).encode())


deep_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=30)
@given(deep_values, st.booleans())
def test_a_deep_body_is_read_like_a_shallow_one(value: Any, spaced: bool) -> None:
    text = json.dumps(value, indent=1 if spaced else None)

    deep = parse(("[" * 3_000 + text + "]" * 3_000).encode())

    for _ in range(3_000):
        [deep] = deep
    assert deep == parse(text.encode())


# ── 2015's reading: Go's encoding/json ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "template"),
    [
        ('{"name":"a","image-name":"i"}', Template(name="a", image_name="i")),
        ('{"NAME":"a","Image-Name":"i"}', Template(name="a", image_name="i")),
        ('{"limit\u017f":{"CPU_Shares":2}}', Template(limits=ContainerLimits(cpu_shares=2))),
        ('{"lin\u212a":1,"name":"k"}', Template(name="k")),
        ('{"\\u006eame":"escaped"}', Template(name="escaped")),
        ('{"image_name":"other","imagename":"other"}', Template()),
        ('{"unknown":{"name":"inner"},"name":"a"}', Template(name="a")),
        ('{"name":"first","name":"last"}', Template(name="last")),
        ('{"name":"first","NAME":"last"}', Template(name="last")),
        ('{"limits":{"memory":5},"limits":{"cpu_shares":2}}', Template(limits=ContainerLimits(5, 2))),
        ('{"limits":{"memory":5,"memory":6}}', Template(limits=ContainerLimits(6))),
        ('{"limits":{"memory":5},"limits":null}', Template(limits=ContainerLimits(5))),
        ('{"limits":{"memory":5},"limits":{"memory":null}}', Template(limits=ContainerLimits(5))),
        ('{"name":"kept","name":null}', Template(name="kept")),
        ('{"name":null,"bind-port":null,"time-created":null,"limits":null,"labels":null}', Template()),
        ("null", Template()),
        ("{}", Template()),
        ('{"container-ip":"::1","bind-port":-0}', Template(bind_ip="::1")),
        ('{"bind_ip":"not a wire name"}', Template()),
        ('{"revision":7,"deleted":true}', Template()),
        ('{"name":"\\u0000 \\u2028 <&>"}', Template(name="\0 \u2028 <&>")),
    ],
)
def test_a_body_is_read_as_2015_read_it(body: str, template: Template) -> None:
    assert read_2015(body) == template


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "true", "1e400"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    assert wrong_fields(body) == ["body"]


@pytest.mark.parametrize("number", ["0", "-0", "-1", "9223372036854775807", "-9223372036854775808"])
def test_whole_numbers_of_64_bits_are_read(number: str) -> None:
    assert read_2015(f'{{"limits":{{"memory":{number}}}}}').limits.memory == int(number)


@pytest.mark.parametrize(
    "value",
    ["1.0", "1e3", "1.5", "9223372036854775808", "-9223372036854775809", '"512m"', '"5"', "true", "[]", "{}", "1e400"],
)
@pytest.mark.parametrize("member", ["memory", "cpu_shares", "gpus"])
def test_what_is_no_whole_number_of_64_bits_is_refused(member: str, value: str) -> None:
    assert wrong_fields(f'{{"limits":{{"{member}":{value}}}}}') == [f"limits.{member}"]


@pytest.mark.parametrize("number", ["9" * 6_000, "-" + "9" * 6_000])
@pytest.mark.parametrize("member", ["limits.memory", "bind-port", "name", "limits.cpus", "time-created"])
def test_a_huge_number_in_a_known_member_is_refused(member: str, number: str) -> None:
    outer, _, inner = member.partition(".")

    assert wrong_fields(f'{{"{outer}":' + (f'{{"{inner}":{number}}}}}' if inner else f"{number}}}")) == [member]


@pytest.mark.parametrize("number", ["9" * 6_000, "-" + "9" * 6_000, "1e400", "0." + "1" * 6_000, "1e" + "9" * 6_000])
def test_a_huge_number_in_an_unknown_member_is_ignored(number: str) -> None:
    assert read_2015(f'{{"name":"a","unknown":{number}}}') == Template(name="a")


@pytest.mark.parametrize(
    ("number", "cpus"), [("0.5", 0.5), ("2", 2), ("2.0", 2), ("1e1", 10), ("0", 0), ("1e-320", 1e-320)]
)
def test_a_number_of_cpus_may_be_fractional(number: str, cpus: float) -> None:
    read = read_2015(f'{{"limits":{{"cpus":{number}}}}}').limits.cpus

    assert (read, type(read)) == (cpus, int if cpus == int(cpus) else float)


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e19", '"1"', "true", "[]", "9" * 6_000])
def test_what_is_no_number_of_cpus_is_refused(value: str) -> None:
    assert wrong_fields(f'{{"limits":{{"cpus":{value}}}}}') == ["limits.cpus"]


@pytest.mark.parametrize(
    "text",
    [
        "2015-10-07T12:00:00Z",
        "2015-10-07T12:00:00.123456789Z",
        "2015-10-07T12:00:00.1234567890123Z",
        "2015-10-07T12:00:00,5Z",
        "2015-10-07T12:00:00+02:00",
        "2015-10-07T23:59:59-23:59",
        "0000-02-29T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2016-02-29T00:00:00Z",
    ],
)
@pytest.mark.parametrize("member", ["time-created", "Time-Modified"])
def test_times_are_read_and_dropped(member: str, text: str) -> None:
    assert read_2015(f'{{"{member}":"{text}"}}') == Template()


@pytest.mark.parametrize(
    "value",
    [
        '""',
        '"yesterday"',
        '"2015-10-07"',
        '"2015-10-07 12:00:00Z"',
        '"2015-10-07t12:00:00Z"',
        '"2015-10-07T12:00:00z"',
        '"2015-10-07T12:00:00+0200"',
        '"2015-10-07T12:00:00"',
        '"2015-10-07T12:00:60Z"',
        '"2015-10-07T24:00:00Z"',
        '"2015-02-29T00:00:00Z"',
        '"2015-13-01T00:00:00Z"',
        '"2015-00-01T00:00:00Z"',
        '"2015-10-07T12:00:00.Z"',
        '"２０15-10-07T12:00:00Z"',
        '"2015-10-07T12:00:00Z\\n"',
        "5",
        "true",
        "{}",
    ],
)
def test_what_is_no_time_is_refused(value: str) -> None:
    assert wrong_fields(f'{{"time-created":{value}}}') == ["time-created"]


CHANNEL = '{"revision":41,"behind":3}'


def many_channels(number: int) -> str:
    return "{" + ",".join(f'"c{each}":{CHANNEL}' for each in range(number)) + "}"


@pytest.mark.parametrize(
    "value",
    [
        *("{}", "null", f'{{"stable":{CHANNEL}}}', '{"a-1":{"behind":0,"revision":0}}'),
        many_channels(16),
    ],
)
def test_channels_are_read_and_dropped(value: str) -> None:
    assert read_2015(f'{{"channels":{value}}}') == Template()
    assert merge_patch(Template(), parse(f'{{"channels":{value}}}'.encode())) == Template()


@pytest.mark.parametrize(
    "value",
    [
        *("[]", '"stable"', "1", '{"stable":41}', '{"stable":{}}', '{"stable":null}', '{"stable":[41,3]}'),
        *(f'{{"{name}":{CHANNEL}}}' for name in ("latest", "Stable", "1", "a_b", "", "a" * 64)),
        *('{"stable":{"revision":41}}', '{"stable":{"revision":41,"behind":3,"more":1}}'),
        *('{"stable":{"revision":"41","behind":3}}', '{"stable":{"revision":41,"behind":true}}'),
        *('{"stable":{"revision":-1,"behind":3}}', '{"stable":{"revision":41,"behind":9223372036854775808}}'),
        *('{"stable":{"revision":4.0,"behind":3}}', '{"stable":{"revision":null,"behind":3}}'),
        many_channels(17),
    ],
)
def test_what_are_no_channels_is_refused(value: str) -> None:
    assert wrong_fields(f'{{"channels":{value}}}') == ["channels"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (f'{{"stable":{CHANNEL},"stable":{CHANNEL}}}', "channels.stable"),
        ('{"stable":{"revision":1,"revision":1,"behind":3}}', "channels.stable.revision"),
    ],
)
def test_a_channel_that_stands_there_twice_is_refused(value: str, path: str) -> None:
    assert wrong_fields(f'{{"channels":{value}}}') == [path]


def test_every_member_of_the_wrong_type_is_named() -> None:
    fields = wrong_fields(
        '{"name":1,"image-name":[],"limits":{"memory":"x","cpus":null,"gpus":{}},"bind-port":"80","labels":{"a":1},'
        '"environment":[],"allowed-groups":{"a":"b"},"command":false,"time-modified":0}'
    )

    assert fields == [
        "name",
        "image-name",
        "limits.memory",
        "limits.gpus",
        "bind-port",
        "labels",
        "environment",
        "allowed-groups",
        "command",
        "time-modified",
    ]


def test_a_wrong_type_is_refused_even_when_a_repeat_is_right() -> None:
    assert wrong_fields('{"name":1,"name":"a"}') == ["name"]


@pytest.mark.parametrize("value", ["[]", '"x"', "5"])
def test_limits_must_be_an_object(value: str) -> None:
    assert wrong_fields(f'{{"limits":{value}}}') == ["limits"]


# ── the exact reading ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_exact_reading_takes_every_member() -> None:
    body = (
        b'{"name":"a","image-name":"i","command":"c","limits":{"memory":1,"cpu_shares":2,"cpus":0.5,"gpus":1},'
        b'"time-created":"2015-10-07T12:00:00Z","time-modified":null,"redirect-uri":"/","container-ip":"::1",'
        b'"bind-port":80,"display-name":"A","description":"d","labels":{"b":"2","a":"1"},"environment":{"X":"1"},'
        b'"allowed-groups":["z","a"],"deprecated":"old","replaced-by":"b"}'
    )

    assert template_from_members(parse(body)) == Template(
        name="a",
        image_name="i",
        command="c",
        limits=ContainerLimits(1, 2, 0.5, 1),
        redirect_uri="/",
        bind_ip="::1",
        bind_port=80,
        display_name="A",
        description="d",
        labels={"a": "1", "b": "2"},
        environment={"X": "1"},
        allowed_groups=("z", "a"),
        deprecated="old",
        replaced_by="b",
    )


def test_the_exact_reading_names_unknown_and_wrong_members_at_once() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        template_from_members(parse(b'{"Name":"a","limits":{"Memory":1,"gpus":"x"},"revision":1}'), "templates[3]")

    assert [hint.field for hint in refusal.value.errors] == [
        "templates[3].Name",
        "templates[3].limits.Memory",
        "templates[3].limits.gpus",
        "templates[3].revision",
    ]


def test_where_the_exact_reading_expects_an_object_it_says_where() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        template_from_members([], "templates[0]")

    assert [hint.field for hint in refusal.value.errors] == ["templates[0]"]


# ── merge patch ──────────────────────────────────────────────────────────────────────────────────────────────────────

FULL = Template(
    name="a",
    image_name="i",
    command="c",
    limits=ContainerLimits(memory=5, cpu_shares=2),
    labels={"a": "1", "b": "2"},
    environment={"A": "1"},
    allowed_groups=("x", "y"),
    time_created=NOON,
    time_modified=NOON,
)


def patched(patch: str) -> Template:
    return merge_patch(FULL, parse(patch.encode()))


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ("{}", {}),
        ('{"command":"new"}', {"command": "new"}),
        ('{"command":null}', {"command": ""}),
        ('{"command":""}', {"command": ""}),
        ('{"redirect-uri":null}', {}),
        ('{"limits":{"memory":null}}', {"limits": ContainerLimits(cpu_shares=2)}),
        ('{"limits":{"gpus":1}}', {"limits": ContainerLimits(memory=5, cpu_shares=2, gpus=1)}),
        ('{"limits":null}', {"limits": ContainerLimits()}),
        ('{"limits":{}}', {}),
        ('{"labels":{"a":null,"c":"3"}}', {"labels": {"b": "2", "c": "3"}}),
        ('{"labels":{"a":null,"b":null}}', {"labels": {}}),
        ('{"labels":{}}', {}),
        ('{"allowed-groups":["z"]}', {"allowed_groups": ("z",)}),
        ('{"allowed-groups":null}', {"allowed_groups": ()}),
        ('{"name":"b"}', {"name": "b"}),
        ('{"time-created":null}', {}),
    ],
)
def test_a_merge_patch_is_applied_as_rfc_7396_says(patch: str, changed: dict[str, Any]) -> None:
    expected = {"time_created": None, "time_modified": None, **changed}

    result = patched(patch)

    assert {member: getattr(result, member) for member in result.__struct_fields__} == {
        **{member: getattr(FULL, member) for member in FULL.__struct_fields__},
        **expected,
    }


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ("[]", ["body"]),
        ("null", ["body"]),
        ('{"Command":"x"}', ["Command"]),
        ('{"unknown":{"x":null}}', ["unknown"]),
        ('{"unknown":null,"limits":{"cpu":null}}', ["unknown", "limits.cpu"]),
        ('{"command":{"x":"y"}}', ["command"]),
        ('{"limits":{"cpu":1},"labels":{"a":{"b":null}}}', ["limits.cpu", "labels"]),
        ('{"labels":["a"]}', ["labels"]),
    ],
)
def test_a_merge_patch_with_members_that_are_wrong_is_refused(patch: str, fields: list[str]) -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        patched(patch)

    assert sorted(hint.field for hint in refusal.value.errors) == sorted(fields)


def test_what_is_wrong_with_a_merge_patch_is_told_in_the_order_of_what_it_makes() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        patched('{"unknown":1,"bind-port":"x","command":5,"order":[]}')

    assert [hint.field for hint in refusal.value.errors] == ["command", "unknown", "bind-port", "order"]


@pytest.mark.parametrize("member", ["unknown", "labels", "limits"])
def test_a_merge_patch_may_be_as_deep_as_any_body(member: str) -> None:
    with pytest.raises(InvalidTemplate):
        patched(f'{{"{member}":' + '{"a":' * 9_000 + "1" + "}" * 9_001)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bare_template_shows_the_members_that_2015_always_sent() -> None:
    stored = Template(name="a", image_name="i", time_created=NOON, time_modified=NOON)

    assert encode_template(stored) == (
        b'{"name":"a","image-name":"i","command":"","limits":{},'
        b'"time-created":"2015-10-07T12:00:00Z","time-modified":"2015-10-07T12:00:00Z"}'
    )


def test_members_are_written_in_the_order_of_2015_and_ours_after_them() -> None:
    template = Template(
        name="a",
        image_name="i",
        command="c",
        limits=ContainerLimits(memory=1, cpu_shares=2, cpus=0.5, gpus=4),
        time_created=NOON,
        time_modified=NOON + timedelta(microseconds=120),
        redirect_uri="/",
        bind_ip="::1",
        bind_port=80,
        display_name="A",
        description="d",
        labels={"x": "y"},
        environment={"E": "1"},
        allowed_groups=("g",),
        deprecated="old",
        replaced_by="b",
        revision=7,
    )

    assert encode_template(template, full=True) == (
        b'{"name":"a","image-name":"i","command":"c","limits":{"memory":1,"cpu_shares":2,"cpus":0.5,"gpus":4},'
        b'"time-created":"2015-10-07T12:00:00Z","time-modified":"2015-10-07T12:00:00.00012Z","redirect-uri":"/",'
        b'"container-ip":"::1","bind-port":80,"display-name":"A","description":"d","labels":{"x":"y"},'
        b'"environment":{"E":"1"},"allowed-groups":["g"],"deprecated":"old","replaced-by":"b","revision":7}'
    )


@pytest.mark.parametrize("deleted", [False, True])
def test_the_full_view_of_stored_bytes_is_the_full_template(deleted: bool) -> None:
    template = Template(name="a", image_name="i", command=',"deleted":true}', deleted=deleted, revision=7)

    assert full_view(encode_template(template), 7) == encode_template(template, full=True)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<b> & 'c' /", r"\u003cb\u003e \u0026 'c' /"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("é 😀", "é 😀"),
        ("\x7f", "\x7f"),
        ("\n\r\t", r"\n\r\t"),
        ("\b\f", r"\u0008\u000c"),
        ("\0\x01\x1f", r"\u0000\u0001\u001f"),
        ('"\\', r"\"\\"),
        ("\\b \\f \\\b", r"\\b \\f \\\u0008"),
        ("\\u003c", r"\\u003c"),
    ],
)
def test_strings_are_escaped_as_go_escapes_them(text: str, written: str) -> None:
    assert encode(text) == f'"{written}"'.encode()


@given(st.text())
def test_what_is_written_reads_back(text: str) -> None:
    assert json.loads(encode({text: [text]})) == {text: [text]}


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (NOON, "2015-10-07T12:00:00Z"),
        (NOON + timedelta(microseconds=1), "2015-10-07T12:00:00.000001Z"),
        (NOON + timedelta(milliseconds=80), "2015-10-07T12:00:00.08Z"),
        (NOON.replace(second=50), "2015-10-07T12:00:50Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5))), "2015-10-07T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "0001-01-01T00:00:00+14:00"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "9999-12-31T23:59:59.999999-12:00"),
    ],
)
def test_times_are_written_as_go_writes_them(time: datetime, text: str) -> None:
    assert timestamp(time) == text


def test_an_error_is_its_message_and_its_hints() -> None:
    error = InvalidTemplate("<no>", [ErrorHint("Template", "name", "missing_field")])

    assert encode_error(error) == (
        b'{"message":"\\u003cno\\u003e","errors":[{"resource":"Template","field":"name","code":"missing_field"}]}'
    )


def test_an_error_without_hints_has_2015s_body() -> None:
    assert encode_error(APIErrorResponse("Template Not Found")) == b'{"message":"Template Not Found"}'


# ── rows of the log ──────────────────────────────────────────────────────────────────────────────────────────────────

texts = st.text(max_size=20)
templates = st.builds(
    Template,
    name=texts,
    image_name=texts,
    command=texts,
    limits=st.builds(
        ContainerLimits,
        memory=st.integers(0, 2**63 - 1),
        cpu_shares=st.integers(0, 2**63 - 1),
        cpus=st.floats(0.001, 1e6).filter(lambda number: not number.is_integer()) | st.integers(0, 100),
        gpus=st.integers(0, 8),
    ),
    time_created=st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    time_modified=st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    redirect_uri=texts,
    bind_ip=texts,
    bind_port=st.integers(0, 65535),
    display_name=texts,
    description=texts,
    labels=st.dictionaries(texts, texts, max_size=3),
    environment=st.dictionaries(texts, texts, max_size=3),
    allowed_groups=st.lists(texts, max_size=3).map(tuple),
    deprecated=texts,
    replaced_by=texts,
    deleted=st.booleans(),
)


@given(templates)
def test_what_was_stored_decodes_to_the_same_template(template: Template) -> None:
    assert decode_template(encode_template(template)) == template


def test_a_row_of_a_newer_release_still_decodes() -> None:
    content = b'{"name":"a","image-name":"i","command":"","limits":{"memory":1,"new":2},"new":{"x":[1]}}'

    assert decode_template(content, 3) == Template(
        name="a", image_name="i", limits=ContainerLimits(memory=1), revision=3
    )


def test_a_row_that_breaks_todays_rules_still_decodes() -> None:
    assert decode_template(b'{"name":"a/b","limits":{"memory":-1}}') == Template(
        name="a/b", limits=ContainerLimits(memory=-1)
    )


MEMBERS = r"""
{"a":[] , "b" : [{"c":{}}, [1, [2]] ,"\u0041",null],"c":{ }, "d":{"e":[{}],"e":-1.5e3,"f":true},"a":1}
{}
[{"a":1},{"b":2}]
{"a":[1,]}
{"a":[1 2]}
{"a":{"b":1,}}
{"a":{"b" 1}}
{"a":1,}
{"a":1}}
{"a":1} x
{"a":[1
{"a":{"b
{"a"
{"a":[nan]}
{"a":[NaN]}
{"a":[01]}
{"a":{1:2}}
{a:1}
"""


@pytest.mark.parametrize("text", ["", " ", *(f"  {line}\t" for line in MEMBERS.split("\n"))])
def test_a_large_body_is_read_as_a_small_one(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def read() -> object:
        try:
            return parse(text.encode())
        except InvalidRequest as error:
            return error.message

    small = read()

    monkeypatch.setattr(strict_json, "LARGE", 0)

    assert read() == small


def test_of_very_many_faults_the_first_are_named_and_the_others_counted() -> None:
    members = Object((f"unknown-{number}", 0) for number in range(1234))

    with pytest.raises(InvalidTemplate) as refused:
        template_from_members(members)

    assert len(refused.value.errors) == HINTS
    assert refused.value.message.endswith("; unknown-9 is not a member of a template; and 1134 more")
