import pytest

from binder_registry.formats.marked import text_at
from binder_registry.formats.placeholders import placeholder_in, placeholders, unquoted


@pytest.mark.parametrize(
    "text",
    [
        "quay.io/x:${tag}",
        "${{ parameters.tag }}",
        "{{ .Values.image }}",
        "x:{{tag}}",
        "{% if x %}",
        "%{ if x }",
        "<%= image %>",
        "<tag>",
        "<your image here>",
        "x:%%TAG%%",
        "@@TAG@@",
        "__IMAGE_TAG__",
        "#{Image}#",
        "ENC[AES256_GCM,data:abc,type:str]",
    ],
)
def test_placeholders_of_template_languages_are_found(text: str) -> None:
    assert placeholder_in(text, "image") in text
    assert placeholder_in(text, "image")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/home/{username}", "volumes"),
        ("{unescaped_username}--{servername}", ""),
        ("$(JUPYTERHUB_USER) $HOME $$", "cmd"),
        ("{value}", "image"),
        ("sort <in >out && a < b > c", "cmd"),
        ("x <me@example.org>", "contact"),
        ("A <b>bold</b> one, <a href='x'>here</a>", "description"),
        ("Small <i>1 CPU</i>", "display_name"),
        (r"^(?P<name>.+):.+$", "validation_regex"),
        ("/lab/{{tree}}", "default_url"),
        ("50%% of 100%%", "description"),
        ("import __main__", "cmd"),
    ],
)
def test_what_hubs_mean_as_it_stands_is_no_placeholder(text: str, key: str) -> None:
    assert placeholder_in(text, key) == ""


@pytest.mark.parametrize("key", ["description", "display_name", "default_url"])
def test_texts_for_people_hold_no_placeholder_of_another_kind(key: str) -> None:
    assert placeholder_in("About ${what}", key) == "${what}"


def test_each_is_named_with_its_place_and_keys_too() -> None:
    profile = {"a": [{"image": text_at("${a}", "v.yaml", 3)}], text_at("${b}", "v.yaml", 5): 1}

    assert list(placeholders(profile)) == [("${a}", "v.yaml, line 3"), ("${b}", "v.yaml, line 5")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n{{- if x }}\n", 2),
        ("a:\n  - {{ x }}-{{ y }}", 2),
        ("a: {{ x }}:1", 1),
        ("%{ for x }", 1),
        ("a: {b: 1}", 0),
    ],
)
def test_lines_of_a_template_language_are_found(text: str, line: int) -> None:
    found = unquoted(text)

    assert (found[0] if found else 0) == line
