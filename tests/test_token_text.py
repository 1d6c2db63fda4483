import re

import pytest

from binder_registry.token_text import PATTERN, id_and_secret, new_id, new_secret, token_text, without_secrets

EXAMPLE = "binreg_00000001" + "0" * 42 + "2" + "2Kwcqz"


def test_a_token_says_its_id_and_its_secret() -> None:
    identifier, secret = new_id(), new_secret()

    assert id_and_secret(token_text(identifier, secret)) == (identifier, secret)


def test_the_form_is_fixed_so_that_other_programs_can_tell_a_token() -> None:
    assert token_text("00000001", "0" * 42 + "2") == EXAMPLE


def test_scanners_find_a_token_in_any_text() -> None:
    text = token_text(new_id(), new_secret())

    assert re.findall(PATTERN, f'key = "{text}"\n') == [text]
    assert len(text) == 64


def test_no_two_secrets_are_alike() -> None:
    assert len({new_secret() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("at", range(64))
def test_one_wrong_character_is_told_by_the_checksum(at: int) -> None:
    wrong = EXAMPLE[:at] + ("a" if EXAMPLE[at] != "a" else "b") + EXAMPLE[at + 1 :]

    assert id_and_secret(wrong) is None


@pytest.mark.parametrize(
    "text",
    ["", "binreg_", EXAMPLE[:-1], EXAMPLE + "0", EXAMPLE.upper(), EXAMPLE[:-1] + "é", " " + EXAMPLE[:-1], "\ud800"],
)
def test_what_is_no_token_is_told(text: str) -> None:
    assert id_and_secret(text) is None


def test_of_a_token_in_a_text_its_id_is_left() -> None:
    text = token_text("0aB1cD2e", "x" * 43)

    left = without_secrets(f"GET /{text}/changes /{text[:40]} binreg_ binreg_0aB1cD2e".encode())

    assert left == b"GET /binreg_0aB1cD2e***/changes /binreg_0aB1cD2e*** binreg_ binreg_0aB1cD2e"


@pytest.mark.parametrize("form", ["%{:02x}", "%{:02X}"])
@pytest.mark.parametrize("which", [slice(None), slice(0, 1), slice(6, 7), slice(7, 12), slice(20, 30), slice(63, 64)])
def test_of_a_token_that_is_percent_encoded_its_id_is_left(form: str, which: slice) -> None:
    text = token_text("0aB1cD2e", "".join(map(chr, range(ord("A"), ord("Z") + 1))) + "0123456789abcdefz")
    parts = list(text)
    parts[which] = [form.format(ord(letter)) for letter in text[which]]

    left = without_secrets(f"GET /plain\nGET /a%20b/{''.join(parts)}/changes 200\nGET /%e4\n".encode())

    kept = "".join(parts[:15])
    assert left == f"GET /plain\nGET /a%20b/{kept}***/changes 200\nGET /%e4\n".encode()


def test_what_is_percent_encoded_and_no_token_stays() -> None:
    text = b"GET /%62inreg%5f /%62inreg_0aB1cD2e /%62inreg_0aB1cD2%20x /binreg%2fx 200\n"

    assert without_secrets(text) == text
