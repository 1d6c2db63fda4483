"""The lists of channels, each made when it is first asked for, and kept up with what is written since."""

from collections import Counter, OrderedDict
from collections.abc import Mapping

from .answer import Answer
from .blocks import Blocks
from .channels import ChannelsEntry
from .entries import Entry, State

MOST_LISTS = 16  # that are kept: of more, the one that was asked for longest ago is made again

Key = tuple[str, bool]
"""A channel, and whether those that are not in it show their newest content."""


class ChannelLists:
    """On the event loop only, but for `changed`."""

    def __init__(self) -> None:
        self.in_channels: dict[str, ChannelsEntry] = {}  # of the living, by name
        self._numbers = Counter[str]()  # templates in each channel
        self._kept = OrderedDict[Key, Blocks[Entry]]()

    def load(self, living: list[Entry]) -> None:
        self.in_channels = {entry.name: entry for entry in living if type(entry) is ChannelsEntry}
        self._numbers = Counter(channel for entry in self.in_channels.values() for channel in entry.channels)
        self._kept.clear()

    def there_is(self, channel: str) -> bool:
        return self._numbers[channel] > 0

    def blocks(self, channel: str, living: Blocks[Entry], *, fallback: bool) -> Blocks[Entry]:
        """By name; of a channel that nobody has, none is kept."""
        if not self.there_is(channel):
            return living if fallback else Blocks[Entry]()
        key = channel, fallback
        found = self._kept.get(key)
        if found is None:
            shown = {name: one.channels[channel] for name, one in self.in_channels.items() if channel in one.channels}
            if fallback:
                living.seen()  # so that both can go on with the same blocks
                found = living.changed(shown)
            else:
                found = Blocks.of([shown[name] for name in sorted(shown)])
            self._kept[key] = found
            if len(self._kept) > MOST_LISTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found

    def show(self, name: str, before: State | None, after: Entry | None) -> None:
        """`after`: None where it was deleted."""
        self._count(name, before, after)
        for key, blocks in self._kept.items():
            now = shown_in(after, *key)
            if now is not None:
                blocks.put(now)
            elif shown_in(before, *key) is not None:
                blocks.drop(name)

    def changed(self, shown: Mapping[str, State], new: Mapping[str, Entry | None]) -> "ChannelLists":
        """After many changes of what is shown. In any thread, while nobody changes it."""
        after = ChannelLists()
        after.in_channels, after._numbers = self.in_channels.copy(), self._numbers.copy()
        for name, entry in new.items():
            after._count(name, shown.get(name), entry)
        for key, blocks in list(self._kept.items()):
            after._kept[key] = blocks.changed({name: shown_in(entry, *key) for name, entry in new.items()})
        return after

    def _count(self, name: str, before: State | None, after: Entry | None) -> None:
        if isinstance(before, ChannelsEntry):
            self._numbers.subtract(before.channels.keys())
            del self.in_channels[name]
        if isinstance(after, ChannelsEntry):
            self.in_channels[name] = after
            self._numbers.update(after.channels.keys())
        for channel in before.channels if isinstance(before, ChannelsEntry) else ():
            if not self._numbers[channel]:
                del self._numbers[channel]
                for fallback in (False, True):
                    self._kept.pop((channel, fallback), None)


def shown_in(state: State | None, channel: str, fallback: bool) -> Entry | None:  # of a `Key`
    if not isinstance(state, Entry):
        return None
    return state.channels.get(channel) or (state if fallback else None)


def answer_in_channels(answers: dict[bytes, Answer], target: bytes, before: State | None, after: Entry | None) -> None:
    """Of one template, whose own answer is at `target`."""
    if isinstance(before, ChannelsEntry):
        for channel in before.channels:
            answers.pop(b"%b?channel=%b" % (target, channel.encode()), None)
    if isinstance(after, ChannelsEntry):
        for channel, shown in after.channels.items():
            answers[b"%b?channel=%b" % (target, channel.encode())] = shown
