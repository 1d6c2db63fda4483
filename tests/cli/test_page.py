from docs.generate_cli import PAGE, page


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == page(), "run: python docs/generate_cli.py"
