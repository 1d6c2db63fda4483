from binder_registry.formats.losses import Loss, lines, records

SLUG = [
    Loss(f"profile {place[0]}", "is dropped", "slug", choice=f"option size, choice {place[1]}")
    for place in ("Aa", "Ab", "Ba")
]
CLOSED = [Loss(f"profile {number}", "is closed: left out", left_out=True) for number in range(7)]


def test_a_kind_of_loss_is_one_line() -> None:
    assert lines([SLUG[0], Loss("profile A", "is dropped", "cmd"), *SLUG[1:]]) == [
        "`slug` is dropped: 2 profiles, 3 choices",
        "profile A: `cmd` is dropped",
    ]


def test_what_is_left_out_is_named_in_its_line() -> None:
    assert lines(CLOSED) == [
        "is closed: left out: 7 profiles (profile 0; profile 1; profile 2; profile 3; profile 4; …)",
    ]


def test_programs_get_every_place() -> None:
    [kind] = records(CLOSED)

    assert (kind["profiles"], kind["choices"], kind["places"][-1]) == (7, 0, "profile 6")
