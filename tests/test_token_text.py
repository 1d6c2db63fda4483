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
