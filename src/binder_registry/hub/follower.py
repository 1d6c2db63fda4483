"""The thread that keeps the catalogue as the registry is."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from queue import Empty
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from ..jitter import spread
from .answers import body_of, checked_token, checked_url, listed_templates, parsed_body, position_of
from .catalogue import Catalogue
from .channels import tried_out
from .event_stream import EventStream
from .histories import Histories
from .pauses import asked_by, pause_after
from .rules import Rules, Template
from .snapshot import Snapshot
from .telling import Telling

REQUEST_TIMEOUT = 30.0  # seconds without a byte
STREAM_SILENCE = 35.0  # seconds; the registry sends a comment every 15
STREAM_QUIET = 20.0  # seconds, after which the list is polled too
STREAM_OPENING = 1.0  # seconds; only what a stream gives later than that shows that it gets through while it is open
LONGEST_PROBE_PAUSE = 60.0  # seconds between streams while none gets through
SAVE_EVERY = 5.0  # seconds, at most, while changes keep coming
LONGEST_POLL = 86400.0  # seconds


class Follower(threading.Thread):
    """Keeps `catalogue` as the registry is: the list, then its event stream; polls where streams do not get through.

    A thread, not a task of the hub's loop: parsing thousands of templates and a slow registry delay no request, and it
    runs before the loop does. `catalogue` is None until something was loaded, from the registry or from `snapshot`.

    `mode` is "polling" until a stream has shown that it gets through, so that a change never takes longer than `poll`
    seconds: the list is asked for between streams, and beside one that has yet to prove itself.
    """

    def __init__(
        self,
        url: str,
        token: str,
        rules: Rules,
        *,
        versions: int = 0,
        snapshot: str | None = None,
        poll: float = 5.0,
        label: str = "",
        default: str = "",
        tries_out: bool = False,
    ) -> None:
        super().__init__(name="binder-registry", daemon=True)
        self._url, self._token, self.rules = checked_url(url), checked_token(token), rules
        if type(poll) not in (int, float) or not 0 < poll <= LONGEST_POLL:
            raise ValueError(f"poll= has to be a number of seconds above 0, and at most {LONGEST_POLL:.0f}")
        self.catalogue: Catalogue | None = None
        self.contact = 0.0  # Unix time when the registry last confirmed the catalogue
        self._confirmed = time.monotonic()  # the same, or when this began
        self.tried = threading.Event()
        self.mode: Literal["streaming", "polling"] = "polling"
        self._versions, self._poll = versions, poll
        self._tried_out = rules.try_out[0] if tries_out else ""
        self.channel = self._tried_out or rules.channel
        self._query = f"&label={quote(label, safe='')}" if label else ""
        if self.channel:
            self._query += f"&channel={self.channel}"
        self._tag = f"-{self.channel}" if self.channel else ""  # what is behind the position in an ETag
        self.published: Callable[[], object] = lambda: None  # called in this thread, when there is a new catalogue
        self._ended = threading.Event()
        self._digest = b""  # of the list as it came last
        self._tell = Telling(self._url, poll, default)
        asks = lambda path, seconds: self._get(path, timeout=seconds)  # noqa: E731
        self._histories = Histories(versions, asks, self._tell, newest=not self.channel)
        self._failed_streams, self._next_stream = 0, 0.0
        self._snapshot = Snapshot(snapshot, self._url + self._query, versions) if snapshot else None
        self._saved = 0.0
        if self._snapshot and (found := self._snapshot.read(rules)):
            catalogue, self.contact = found
            self._publish(catalogue)
            self._histories.read(catalogue)

    def age(self) -> float:
        """Seconds since the registry confirmed the catalogue, or since this began where it never did. A clock that is
        set meanwhile makes it no younger."""
        since = time.monotonic() - self._confirmed
        return max(time.time() - self.contact, since) if self.contact else since

    def stop(self) -> None:
        """Ends the thread at its next pause or line of the stream. A hub just ends; this is for tests and scripts."""
        self._ended.set()

    def _confirm(self) -> float:
        self.contact, self._confirmed = time.time(), time.monotonic()
        return self._confirmed

    def run(self) -> None:
        failures = 0
        pause = 0.0
        while not (pause and self._ended.wait(pause)):
            pause = spread(self._poll)
            try:
                self._load()
                failures = 0
                self.tried.set()
                self._save(at_once=True)
                if time.monotonic() >= self._next_stream and self._follow():
                    pause = spread(0.2)
            except Exception as error:  # noqa: BLE001  # a follower that ended would leave the list as it is for good
                failures += 1
                pause = pause_after(failures, error)
                self._tell.trouble(error)
            self.tried.set()
            self._save(at_once=True)

    @contextmanager
    def _get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = REQUEST_TIMEOUT
    ) -> Iterator[HTTPResponse]:
        parts = urlsplit(self._url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=timeout)
        try:
            authorization = {"Authorization": f"token {self._token}"} if self._token else {}
            connection.request("GET", parts.path.rstrip("/") + path, headers={**authorization, **(headers or {})})
            yield connection.getresponse()
        finally:
            connection.close()

    def _load(self) -> bool:
        """Was there news?"""
        known = self.catalogue
        condition = {"If-None-Match": f'"{known.position}{self._tag}"'} if known and known.position else {}
        headers = {"Cache-Control": "no-cache", **condition}
        with self._get(f"/templates?view=full&deleted=true{self._query}", headers) as response:
            news = not (condition and response.status == 304) and self._take(response)
        self._confirm()
        self._tell.recovery()
        self._complete_history()
        return news

    def _take(self, response: HTTPResponse) -> bool:
        body = body_of(response)
        position = position_of(response.headers.get("ETag"))
        known, digest = self.catalogue, hashlib.blake2b(body).digest()
        if known and digest == self._digest and position == known.position:
            return False  # something between us knows no conditions
        templates = [self._offered(one) for one in listed_templates(parsed_body(body, response))]
        if not position:
            if not templates and known and known.templates:
                raise HTTPException("an empty list without an ETag")
            self._tell.stream_trouble(HTTPException("the list comes without the registry's ETag"))
        history = known.history if known else {}
        bare = Catalogue(position, history=history)
        catalogue = bare.having(templates, self.rules, self._versions, before=known)
        self._confirm()  # first: who sees a catalogue without it takes that for too old
        self._publish(catalogue)
        self._digest = digest
        return True

    def _publish(self, catalogue: Catalogue) -> None:
        self._tell.left_out(self.catalogue or Catalogue(), catalogue)
        self._tell.without_default(catalogue)
        self.catalogue = catalogue
        self.published()

    def _offered(self, template: Template) -> Template:
        return tried_out(template, self._tried_out) if self._tried_out else template

    def _follow(self) -> bool:
        """Apply the stream's changes until it ends. Did it get through?"""
        position = self.catalogue.position if self.catalogue else ""
        if not position:
            return False
        accept = {"Accept": "text/event-stream"}
        stream = EventStream(lambda: self._get(f"/changes?since={position}{self._query}", accept, STREAM_SILENCE))
        stream.start()
        try:
            cause = self._read(stream)
            through = self.mode == "streaming"
        finally:
            self.mode = "polling"
            stream.leave()
        if not through and not self._ended.is_set():
            self._failed_streams += 1
            pause = min(LONGEST_PROBE_PAUSE, self._poll * (2 ** min(self._failed_streams, 10) - 1))
            self._next_stream = time.monotonic() + max(pause, asked_by(cause))
            if self._failed_streams > 1:  # one that ends early is the registry's restart
                self._tell.stream_trouble(cause)
        return through

    def _read(self, stream: EventStream) -> Exception:
        """Why it ended."""
        event: dict[str, str] = {}
        opened = heard = 0.0
        while not self._ended.is_set():
            try:
                line = stream.lines.get(timeout=spread(self._poll))
            except Empty:
                if time.monotonic() - heard > STREAM_QUIET:
                    self.mode = "polling"
                if self.mode == "polling" and self._load():
                    return HTTPException("it held a change back")
                self._save()
                continue
            if isinstance(line, Exception):
                return line
            heard = self._confirm()
            opened = opened or heard
            if heard - opened > STREAM_OPENING:
                self.mode, self._failed_streams = "streaming", 0
                self._tell.stream()
            if line:
                member, _, value = line.partition(":")
                event[member] = value.removeprefix(" ")
                continue
            try:
                self._receive(event)
            except (HTTPException, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                return error
            event = {}
            self._save()
        return HTTPException("stopped")

    def _receive(self, event: Mapping[str, str]) -> None:
        """A change, or a heartbeat, which may say how far the registry is."""
        position = position_of(event.get("id"))
        if "data" in event:
            if not position:
                raise ValueError("a change without a position")
            self._apply(json.loads(event["data"]), position)
        elif self.catalogue and position not in ("", self.catalogue.position):
            self.catalogue = replace(self.catalogue, position=position)
        self._complete_history()

    def _apply(self, change: Mapping[str, Any], position: str) -> None:
        catalogue = replace(self.catalogue or Catalogue(), position=position)
        name = change["name"]
        if "template" in change:
            [template] = listed_templates([{**change["template"], "revision": change["revision"]}])
            template = self._offered(template)
            if change.get("deleted"):
                template = {**template, "deleted": True}
            catalogue = self._histories.changed(catalogue, template, change["action"])
            catalogue = catalogue.having([template], self.rules, self._versions)
        elif change.get("deleted"):  # of what is still there, and not for this hub any more
            catalogue = catalogue.without(f"{name}/{self._tried_out}" if self._tried_out else name)
        self._publish(catalogue)

    def _complete_history(self) -> None:
        found = self._histories.fetched(self.catalogue, self._ended.is_set) if self.catalogue else None
        if found and self.catalogue:
            changed = [name for name, past in found.history.items() if past is not self.catalogue.history.get(name)]
            templates = [found.templates[name] for name in changed]
            self._publish(found.having(templates, self.rules, self._versions))

    def _save(self, at_once: bool = False) -> None:
        if self._snapshot is None or self.catalogue is None or not self.contact:
            return
        if at_once or time.monotonic() - self._saved >= SAVE_EVERY:
            self._snapshot.write(self.catalogue, self.contact)
            self._saved = time.monotonic()
