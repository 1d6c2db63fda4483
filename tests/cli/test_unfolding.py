import pytest

from binder_registry.cli.documents import InvalidDocument, load_yaml

BOMBS = {
    "mappings": "m0: &m0 {x: y}\n" + "".join(f"m{n}: &m{n} {{p: *m{n - 1}, q: *m{n - 1}}}\n" for n in range(1, 26)),
    "lists": "m0: &m0 [x]\n" + "".join(f"m{n}: &m{n} [*m{n - 1}, *m{n - 1}]\n" for n in range(1, 90)),
    "merges": "m0: &m0 {x: y}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 30)),
    "one long text": f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 10_000}]\n",
    "many documents": ("---\nm0: &m0 [x]\n" + "".join(f"m{n}: &m{n} [*m{n - 1}, *m{n - 1}]\n" for n in range(1, 16)))
    * 9,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_aliases_that_unfold_to_too_much_are_refused(text: str) -> None:
    with pytest.raises(InvalidDocument, match="its aliases unfold to more than anybody can mean"):
        load_yaml(text, "x.yaml")


@pytest.mark.parametrize(
    "text",
    ["labels: &l\n  x: *l\n", "&a [*a]", "&a {<<: *a}", "a: &a\n- b: &b\n  - *a\n", "- &a\n  ? x\n  : {y: [*a]}\n"],
)
def test_an_alias_within_itself_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument, match=r"x\.yaml, line \d: not valid YAML: an alias stands within"):
        load_yaml(text, "x.yaml")


def test_what_aliases_nest_deeper_than_anybody_writes_is_refused() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 500))

    with pytest.raises(InvalidDocument, match="nested deeper than 100 levels"):
        load_yaml(text, "x.yaml")


def test_one_part_in_a_thousand_templates_is_understood() -> None:
    shared = "environment: &e {" + ", ".join(f"V{n}: x" for n in range(200)) + "}"
    text = f"- {{name: first, {shared}}}\n" + "".join(f"- {{name: t{n}, environment: *e}}\n" for n in range(1000))

    [loaded] = load_yaml(text, "x.yaml")

    assert {len(template["environment"]) for template in loaded} == {200}
