"""What the log says of the registry: each trouble when it begins, when its cause changes, and when it is over."""

import time
from collections.abc import Mapping

from .answers import words_of
from .catalogue import Catalogue
from .offerable import called
from .rules import log
from .texts import quoted

ON_PURPOSE = ("deleted", "replaced-by", "paused")  # a template that has one of these is in no list


class Telling:
    """`histories`: why the past versions of a template cannot be had, by its name. `default`: as `configure` has it."""

    def __init__(self, url: str, poll: float, default: str = "") -> None:
        self.histories: dict[str, str] = {}
        self._url, self._poll, self._default = url, poll, default
        self._default_trouble = ""
        self._trouble, self._began = "", 0.0
        self._stream_trouble = False

    def trouble(self, error: Exception) -> None:
        trouble = words_of(error)
        if trouble != self._trouble:
            log.warning("The registry %s gives no list of environments; what was loaded stays: %s", self._url, trouble)
        self._began = self._began or time.monotonic()
        self._trouble = trouble

    def recovery(self) -> None:
        if self._trouble:  # as loud as its beginning: who sees the one looks for the other
            seconds = time.monotonic() - self._began
            log.warning("The registry %s gives its list again, after %.0f s", self._url, seconds)
        self._trouble, self._began = "", 0.0

    def stream_trouble(self, cause: Exception) -> None:
        """Once until one gets through: the causes take turns."""
        if not self._stream_trouble:
            text = "The event stream of the registry %s does not get through, so a change takes up to %g s to show: %s"
            log.info(text, self._url, self._poll, words_of(cause))
        self._stream_trouble = True

    def stream(self) -> None:
        if self._stream_trouble:
            log.info("The event stream of the registry %s gets through", self._url)
        self._stream_trouble = False

    def left_out(self, before: Catalogue, now: Catalogue) -> None:
        for name, reason in now.left_out.items():
            if before.left_out.get(name) != reason and not any(map(now.templates[name].get, ON_PURPOSE)):
                log.warning("The environment %r is not offered: %s", name, reason)
        for name, offer in now.offers.items():
            told = before.offers[name].hidden if name in before.offers else {}
            for part, reason in offer.hidden.items():
                if told.get(part) != reason:
                    log.warning("Of the environment %r, %s is not offered: %s", name, called(part), reason)

    def without_default(self, now: Catalogue) -> None:
        """Else only users would be told, one by one, that there is no such environment."""
        trouble = ""
        if self._default and now.successor(self._default) not in now.offers:
            trouble = "is not offered" if self._default in now.templates else "is not in the registry's list"
        if trouble and trouble != self._default_trouble:
            text = "The environment %r, which default= names, %s: who chooses none can start none"
            log.warning(text, self._default, trouble)
        self._default_trouble = trouble

    def without_history(self, failed: Mapping[str, str]) -> None:
        for cause in dict.fromkeys(failed.values()):
            names = [name for name, why in failed.items() if why == cause != self.histories.get(name)]
            if names:
                more = f" and {len(names) - 20} more" if len(names) > 20 else ""
                shown = ", ".join(map(quoted, names[:20])) + more
                log.warning("Past versions of %s are not offered for now: %s", shown, cause)
        self.histories = dict(failed)
