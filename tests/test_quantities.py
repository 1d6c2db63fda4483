import pytest

from binder_registry.quantities import format_size, parse_cpus, parse_memory, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 << 20), ("2G", 2 << 30), ("1.5GiB", 3 << 29), ("4096", 4096), (" 1 kb ", 1024)]
)
def test_a_size_has_units_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["500m", "2 apples", "", "-1", "1e9", "0512", "1:30", "٣G", "2GG", "9" * 5000, "9" * 400 + ".5"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["2", "512", "1000K"])
def test_memory_whose_unit_was_forgotten_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write the unit"):
        parse_memory(text)


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("1M", 1 << 20), ("2147483648", 2 << 30)])
def test_memory_may_be_nothing_or_a_number_of_bytes_that_makes_sense(text: str, size: int) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize(("text", "cpus"), [("2", 2), ("1.5", 1.5), ("500m", 0.5), ("2000m", 2), ("0", 0)])
def test_cpus_are_a_number_or_thousandths(text: str, cpus: float) -> None:
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", ["", "m", "-1", "1G", "0.5.1", "010", "1:30", "inf", "nan", "9" * 400])
def test_what_is_no_number_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of CPUs"):
        parse_cpus(text)


@pytest.mark.parametrize(("size", "text"), [(2 << 30, "2G"), (3 << 29, "1.5G"), (1, "1"), (0, "")])
def test_a_size_is_shown_with_a_unit_where_that_is_exact(size: int, text: str) -> None:
    assert format_size(size) == text


def test_of_what_is_no_size_only_the_beginning_is_told() -> None:
    with pytest.raises(ValueError, match=r"^'9{40}…' is not a size") as raised:
        parse_size("9" * 5000)

    assert len(str(raised.value)) < 120
