"""The past revisions that users may pin: as far as they are at hand, and how the others are fetched."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from http.client import HTTPResponse
from typing import Any
from urllib.parse import quote

from .answers import body_of, listed_templates, parsed_body, words_of
from .catalogue import Catalogue
from .channels import content_revision
from .rules import Template
from .telling import Telling

HISTORY_TIMEOUT = 3.0  # seconds without a byte: the list and its stream wait for it
HISTORY_AGAIN = 60.0  # seconds until a history that failed is asked for again
HISTORY_PATIENCE = 3  # histories whose connection failed, in one round
WITH_CONTENT = ("created", "updated", "restored")  # of their own
MOST_VERSIONS = 499  # twice that, for the tombstones between, is what the registry gives in one answer

Get = Callable[[str, float], AbstractContextManager[HTTPResponse]]
"""The answer to a path, and the seconds without a byte after which it is given up."""


class Histories:
    """`newest`: whether the newest revisions are offered, and not those of a channel, which were written long ago."""

    def __init__(self, versions: int, get: Get, tell: Telling, *, newest: bool) -> None:
        if type(versions) is not int or not 0 <= versions <= MOST_VERSIONS:
            raise ValueError(f"versions= has to be a whole number from 0 to {MOST_VERSIONS}")
        self.versions = versions
        self._get, self._tell, self._newest = get, tell, newest
        self._complete: dict[str, int] = {}  # name → the revision up to which its history is at hand
        self._next = 0.0

    def read(self, catalogue: Catalogue) -> None:
        """What a snapshot held."""
        if self.versions:
            found = ((name, past[0]["revision"]) for name, past in catalogue.history.items() if past)
            self._complete = dict(found)

    def changed(self, catalogue: Catalogue, template: Template, action: str) -> Catalogue:
        """With the history of this template as it is after its change."""
        name, versions = template["name"], self.versions
        if not versions:
            return catalogue
        if action == "purged":  # of an older revision: which one is not said
            self._complete.pop(name, None)
            return replace(catalogue, history={**catalogue.history, name: []})
        has_its_own = self._newest and action in WITH_CONTENT and "deleted" not in template
        if not has_its_own or not (name in self._complete or action == "created"):
            return catalogue
        past = [template, *catalogue.history.get(name, [])][: versions + 1]
        self._complete[name] = content_revision(template)
        return replace(catalogue, history={**catalogue.history, name: past})

    def fetched(self, catalogue: Catalogue, has_ended: Callable[[], bool]) -> Catalogue | None:
        """With the last revisions, where they were not at hand; None: there is nothing new. One that cannot be had
        leaves its template without."""
        if not self.versions or time.monotonic() < self._next:
            return None
        missing = [name for name, offer in catalogue.offers.items() if self._complete.get(name) != offer.revision]
        missing.sort(key=self._tell.histories.__contains__)  # what failed before does not hold up the others
        found: dict[str, list[Template]] = {}
        failed: dict[str, str] = {}
        patience = HISTORY_PATIENCE
        for name in missing:
            try:
                found[name] = self._fetch(name, catalogue.templates[name])
            except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the list goes on
                failed[name] = words_of(error)
                found[name] = []
                patience -= isinstance(error, OSError)
            if not patience or has_ended():
                break
        self._tell.without_history(failed)
        self._next = time.monotonic() + HISTORY_AGAIN if failed else 0.0
        self._complete |= {name: catalogue.offers[name].revision for name in found if name not in failed}
        return replace(catalogue, history={**catalogue.history, **found}) if found else None

    def _fetch(self, name: str, template: Template) -> list[Template]:
        path = f"/templates/{quote(name, safe='')}/changes?limit={2 * self.versions + 2}"
        if "content-revision" in template:  # what was written later was not promoted, or was taken back
            path += f"&before={content_revision(template) + 1}"
        with self._get(path, HISTORY_TIMEOUT) as response:
            changes: list[Mapping[str, Any]] = parsed_body(body_of(response), response)["changes"]
        past = [
            {**change["template"], "revision": change["revision"]}
            for change in changes
            if "template" in change and not change.get("deleted") and change["action"] in WITH_CONTENT
        ]
        return listed_templates(past[: self.versions + 1])
