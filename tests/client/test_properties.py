"""What holds for any sequence of writes, over HTTP."""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from threading import Barrier, Thread

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from binder_registry import Change, Client, Position, Template
from binder_registry.errors import (
    RevisionConflict,
    RevisionIsCurrent,
    RevisionPurged,
    RevisionUnknown,
    TemplateExists,
    TemplateNotFound,
)

from .servers import TOKEN, Servers

NAMES = ("a", "b", "ü")
END = Template("the end", "i")
REFUSALS = (TemplateExists, TemplateNotFound, RevisionUnknown, RevisionPurged, RevisionIsCurrent)
Write = Callable[[Client], object]

names = st.sampled_from(NAMES)
images = st.sampled_from(("i", "j", "<&> \u2028"))
templates = st.builds(Template, names, images, labels=st.dictionaries(st.just("team"), st.sampled_from(("x", "y"))))
revisions = st.integers(1, 12)
writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(lambda template: lambda client: client.register_template(template), templates),
    st.builds(lambda template: lambda client: client.update_template(template), templates),
    st.builds(lambda template: lambda client: client.replace_template(template, note="why"), templates),
    st.builds(lambda name: lambda client: client.delete_template(name), names),
    st.builds(lambda name, number: lambda client: client.restore_template(name, number), names, revisions),
    st.builds(lambda name, number: lambda client: client.purge_change(name, number), names, revisions),
    st.builds(
        lambda wanted, pruned: lambda client: client.apply(wanted, prune=pruned, allow_empty=True),
        st.lists(templates, max_size=3, unique_by=lambda template: template.name),
        st.sampled_from((None, "*", "team=x")),
    ),
)
over_http = settings(deadline=None)


def carried_out(client: Client, wanted: list[Write]) -> None:
    """As far as they are possible: what the registry refuses leaves no trace."""
    for write in wanted:
        with suppress(*REFUSALS):
            write(client)


def folded(changes: list[Change]) -> list[Template]:
    newest = {change.name: change for change in changes}
    living = [change.template for _, change in sorted(newest.items()) if not change.deleted]
    return [template for template in living if template is not None]


@settings(over_http, max_examples=40)
@given(st.lists(writes, max_size=12))
def test_folding_the_stream_gives_the_list(servers: Servers, wanted: list[Write]) -> None:
    with servers.running() as url, Client(url, TOKEN) as client:
        carried_out(client, wanted)

        streamed = list(islice(client.watch(since=0), client.head().revision))

        assert folded(streamed) == client.list_templates()
        assert streamed == client.changes()


@settings(over_http, max_examples=20)
@given(st.lists(writes, max_size=8))
def test_a_stream_resumed_anywhere_loses_and_repeats_nothing(servers: Servers, wanted: list[Write]) -> None:
    with servers.running() as url, Client(url, TOKEN) as client:
        origin = client.head()
        carried_out(client, wanted)
        client.register_template(END)
        every = client.changes()

        for at, position in enumerate([origin, *(change.position for change in every[:-1])]):
            for since in (position, at):
                assert until_the_end(client, since) == every[at:]


def until_the_end(client: Client, since: Position | int) -> list[Change]:
    found: list[Change] = []
    for change in client.watch(since=since):
        found.append(change)
        if change.name == END.name:
            break
    return found


Race = Callable[[Client, Position], object]
racing: dict[str, Race] = {
    "update": lambda client, read: client.update_template(Template("a", "new"), expected=read),
    "replace": lambda client, read: client.replace_template(Template("a", "newer"), expected=read.revision),
    "patch": lambda client, read: client.patch_template("a", {"command": "c"}, expected=read),
    "restore": lambda client, read: client.restore_template("a", 1, expected=read),
    "delete": lambda client, read: client.delete_template("a", expected=read.revision),
    "apply": lambda client, read: client.apply([replace(END, name="a")], delete={"b": None}, expected=read),
}
races = st.lists(st.tuples(*[st.sampled_from(sorted(racing))] * 2), min_size=1, max_size=6)


@settings(over_http, max_examples=25)
@given(races)
def test_of_two_clients_that_race_with_if_match_exactly_one_wins(
    servers: Servers, pairs: list[tuple[str, str]]
) -> None:
    with servers.running() as url, Client(url, TOKEN) as one, Client(url, TOKEN) as two:
        for pair in pairs:
            one.apply([Template("a", "old"), Template("b", "i")])
            one.patch_template("a", {"description": "the newest change of all"})
            read = one.head()

            won = [outcome for outcome in run_both(list(zip((one, two), pair, strict=True)), read) if outcome]

            assert len(won) == 1
            assert len(one.changes(since=read, limit=2, name="a")) == 1


def run_both(both: list[tuple[Client, str]], read: Position) -> list[bool]:
    """Whether each took effect."""
    start, outcomes = Barrier(2), list[bool]()

    def run(client: Client, verb: str) -> None:
        start.wait(10)
        try:
            racing[verb](client, read)
            outcomes.append(True)
        except (RevisionConflict, TemplateNotFound):
            outcomes.append(False)

    threads = [Thread(target=run, args=each) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
