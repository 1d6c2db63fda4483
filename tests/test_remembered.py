from binder_registry.remembered import SMALL, remembered


def test_only_what_is_small_is_kept() -> None:
    asked: list[int] = []

    @remembered(10)
    def length(content: bytes) -> int:
        asked.append(len(content))
        return len(content)

    found = [length(bytes(size)) for size in (SMALL, SMALL, SMALL + 1, SMALL + 1)]

    assert found == [SMALL, SMALL, SMALL + 1, SMALL + 1]
    assert asked == [SMALL, SMALL + 1, SMALL + 1]
