from typing import Any

import pytest

from binder_registry.formats.marked import Unknown, plain, unknowns
from binder_registry.formats.python_lists import python_values


def read(source: str) -> Any:
    return python_values(source, "hub.py")["KubeSpawner"]["profile_list"]


@pytest.mark.parametrize(
    "source",
    [
        "c.KubeSpawner.profile_list = [{'slug': 'a'}, {'slug': 'b'}]",
        "c.KubeSpawner.profile_list = ({'slug': 'a'}, {'slug': 'b'})",
        "c.KubeSpawner.profile_list: list = [dict(slug='a'), dict({'slug': 'b'})]",
        "mine = [{'slug': 'a'}]\nc.KubeSpawner.profile_list = mine\nmine.append({'slug': 'b'})",
        "c.KubeSpawner.profile_list = [{'slug': 'a'}]\nc.KubeSpawner.profile_list += [{'slug': 'b'}]",
        "c.KubeSpawner.profile_list = list()\nc.KubeSpawner.profile_list.extend([{'slug': 'a'}, {'slug': 'b'}])",
        "start = 'a'\nc.KubeSpawner.profile_list = [{'slug': start}] + [*({'slug': '' + 'b'},)]",
        "x = {'slug': 'x'}\nmine = c.KubeSpawner.profile_list = [{**x, 'slug': 'a'}, {}]\nmine[1]['slug'] = 'b'",
        "c.KubeSpawner.profile_list = [{'slug': 'z'}]\nc.KubeSpawner.profile_list = [{'slug': 'a'}, {'slug': 'b'}]",
        "c.KubeSpawner.profile_list = [{'slug': 'a'}, {'slug': 'b'}]\nprint(len(c.KubeSpawner.profile_list))",
        "def f(spawner):\n    spawner.x['A'] = 'b'\nc.KubeSpawner.profile_list = [{'slug': 'a'}, {'slug': 'b'}]",
        "list_of = [{'slug': 'a'}, {'slug': 'b'}]\nc.KubeSpawner.profile_list = list_of\nlist_of = []",
    ],
)
def test_literals_and_names_for_them_are_read_as_python_reads_them(source: str) -> None:
    assert plain(read(source)) == [{"slug": "a"}, {"slug": "b"}]


@pytest.mark.parametrize(
    ("written", "value"),
    [("2 * 1024 ** 3", 2 << 30), ("0.5", 0.5), ("-1", -1), ("None", None), ("True", True), ("1 / 2", 0.5)],
)
def test_numbers_are_reckoned(written: str, value: object) -> None:
    assert read(f"c.KubeSpawner.profile_list = [{written}]") == [value]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("get()", "a call"),
        ("f'x:{tag}'", "an f-string"),
        ("nowhere", "a name"),
        ("os.environ['TAG']", "a lookup"),
        ("'a' if x else 'b'", "a condition"),
        ("'%s' % tag", "what is no literal"),
        ("b'a'", "what is no literal"),
        ("10 ** 10 ** 10", "what is no literal"),
        ("1 / 0", "what is no literal"),
    ],
)
def test_what_is_no_literal_is_named_with_its_line(written: str, kind: str) -> None:
    [profile] = read(f"import os\nc.KubeSpawner.profile_list = [\n  {{'slug': {written}}}]")

    assert [(each.what.partition(" (")[0], each.at) for each in unknowns(profile)] == [(kind, "hub.py, line 3")]


@pytest.mark.parametrize(
    "change",
    [
        "alter(mine)",
        "alter({'all': mine})",
        "mine.insert(0, {})",
        "mine[0].update(slug='z')",
        "mine[0]['slug'] = get()",
        "for each in mine:\n    each['slug'] = 'z'",
        "if x:\n    mine[0]['slug'] = 'z'",
        "if x:\n    mine = []\n    c.KubeSpawner.profile_list = mine",
        "first = mine[0]\nfirst['slug'] = get()",
        "def later():\n    for each in mine:\n        each['slug'] = 'z'",
        "def later():\n    mine.clear()",
        "[each.pop('slug') for each in mine]",
        "(lambda: mine.pop())()",
        "del mine[0]",
        "if x:\n    other = mine\nother[0]['slug'] = 'z'",
        "other = []\nif x:\n    other.append(mine[0])\nother[0]['slug'] = 'z'",
        "first, *others = mine\nfirst['slug'] = 'z'",
        "if x:\n    other = mine\n    other[0]['slug'] = 'z'",
        "(other := mine).append({})\nother[0]['slug'] = 'z'",
        "class Site:\n    mine = mine\n    mine.pop()",
        "match mine:\n    case [first]:\n        first['slug'] = 'z'",
        "other = [{'slug': 'a'}]\nalter(other)\nother += mine\nalter_again()",
        "try:\n    mine.remove({})\nexcept ValueError:\n    pass",
        "c.KubeSpawner.profile_list = sorted(mine)",
        "c.KubeSpawner.profile_list = [each for each in mine]",
    ],
)
def test_a_profile_that_code_may_have_changed_is_not_known(change: str) -> None:
    found = read(f"mine = [{{'slug': 'a'}}]\nc.KubeSpawner.profile_list = mine\n{change}")

    assert unknowns(found)
    assert {"slug": "a"} not in (found if isinstance(found, list) else [])


@pytest.mark.parametrize(
    "change", ["if x:\n    mine.append({})", "for x in y:\n    mine += [x]", "def add():\n    mine.append({})\nadd()"]
)
def test_where_code_only_adds_the_others_stay_known(change: str) -> None:
    first, added = read(f"mine = [{{'slug': 'a'}}]\nc.KubeSpawner.profile_list = mine\n{change}")

    assert (first, type(added)) == ({"slug": "a"}, Unknown)


def test_the_image_stands_beside_the_list_of_its_spawner() -> None:
    source = "c.A.image = 'i'\nc.A.profile_list = []\nc.B.image = 'j'\nc.JupyterHub.profile_list_url = 'x'"

    assert python_values(source, "hub.py") == {"A": {"image": "i", "profile_list": []}}


def test_nothing_is_executed(tmp_path: Any) -> None:
    made = tmp_path / "made"

    read(f"open({str(made)!r}, 'w')\nc.KubeSpawner.profile_list = [open({str(made)!r}, 'w')]")

    assert not made.exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nprint 'a'", "hub.py, line 12: not valid Python"),
        ("\0", "hub.py.*: not valid Python"),
        (f"c.A.profile_list = {'[' * 5000}{']' * 5000}", "hub.py.*: not valid Python"),
        (f"c.A.profile_list = {'+'.join(['[]'] * 5000)}", "hub.py: not valid Python"),
        (f"c.A.profile_list = {'+'.join(['[]'] * 250)}", "nested deeper than 200 levels"),
        ("a = ['x']\n" + "a = [a, a]\n" * 60 + "c.A.profile_list = a", "hub.py: its lists unfold to more"),
        ("a = ['x']\n" + "a = a + a\n" * 60, "hub.py, line 28: is longer than anybody can mean"),
        ("a = ['x']\n" + "a += a\n" * 60, "hub.py, line 28: is longer than anybody can mean"),
        ("a = 'x'\n" + "a += a\n" * 60, "hub.py, line 28: is longer than anybody can mean"),
        ("a = []\na.append(a)\nc.A.profile_list = a", "hub.py: its lists unfold to more"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        python_values(source, "hub.py", before=10)
