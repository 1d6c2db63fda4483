"""No secret is written down: not by the server, not in its answers to others, and not in its database."""

import base64
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from binder_registry.token_text import PREFIX, id_and_secret
from tests.backends.postgres_server import new_registry, programs

from .running import AUTHORIZATION, RunningServer, running_server

STEPS = 60
CHANCE = random.Random(16)
AS_THE_HOLDER: list[Callable[[httpx2.Client, str, dict[str, str]], httpx2.Response]] = [
    lambda client, text, who: client.post(f"/tokens/{identifier(text)}/rotate", headers=who),
    lambda client, text, who: client.post(f"/tokens/{identifier(text)}/rotate", json={"keep-old": 60}, headers=who),
    lambda client, text, who: client.post("/templates", content=b"{", headers={"Authorization": f"token {text}x"}),
    lambda client, text, who: client.post("/templates", json={"name": "a", "image-name": "i"}, headers=who),
    lambda client, text, who: client.put("/templates/a", json={"command": "c"}, headers=who),
    lambda client, text, who: client.get("/tokens/self", headers=who),
    lambda client, text, who: client.get("/audit", headers=who),
]
# What people do with a token, and should not.
SLIPS: list[Callable[[httpx2.Client, str], httpx2.Response]] = [
    lambda client, text: client.get("/templates", params={"token": text}),
    lambda client, text: client.get(f"/templates/{text}"),
    lambda client, text: client.delete(f"/templates/{text}", headers=AUTHORIZATION),
    lambda client, text: client.delete(f"/tokens/{text}", headers=AUTHORIZATION),
    lambda client, text: client.get("/" + "a" * 970 + text),
    lambda client, text: client.get(f"/templates/{percent_encoded(text)}"),
    lambda client, text: client.get(f"/templates/{percent_encoded(text[:20])}{text[20:]}"),
    lambda client, text: client.get("/" + "a" * 940 + percent_encoded(text)),
    lambda client, text: client.get("/tokens", auth=("user", text)),
    lambda client, text: client.get("/tokens", headers={"Cookie": f"token={text}"}),
    lambda client, text: client.get("/tokens", headers={"Authorization": f"Basic {text}", "Request-Id": text}),
    lambda client, text: client.post("/tokens", json={"name": text, "scopes": [text]}, headers=AUTHORIZATION),
    lambda client, text: client.post("/templates", json={text: text}, headers=AUTHORIZATION | {"If-Match": text}),
]


def percent_encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


def identifier(text: str) -> str:
    parts = id_and_secret(text)
    return parts[0] if parts else "0"


class SQLite:
    """Its file and its write-ahead log."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/registry.db"
        self._folder = folder

    def dumped(self) -> bytes:
        return b"".join(path.read_bytes() for path in self._folder.glob("registry.db*"))

    def broken(self) -> None:
        (self._folder / "registry.db").rename(self._folder / "moved.db")


class PostgreSQL:
    """Its dump."""

    def __init__(self, url: str) -> None:
        self.url = url

    def dumped(self) -> bytes:
        command = [str(programs() / "pg_dump"), "--schema", self.url.rpartition("%3D")[2], self.url]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def broken(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER TABLE registry_token_audit RENAME TO away")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SQLite | PostgreSQL]:
    if request.param == "sqlite":
        yield SQLite(tmp_path)
        return
    with new_registry() as url:
        yield PostgreSQL(url)


def forms(text: str) -> Iterator[bytes]:
    """As it may be written: as it is, in hexadecimal, and in base64, wherever it begins in what was encoded."""
    data = text.encode()
    yield data
    yield data.hex().encode()
    yield data.hex().upper().encode()
    yield percent_encoded(text).encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        yield encoded[4 if before else 0 : -4]  # what else it stood beside is in the quarters at its ends
    yield data[::-1]


def test_no_secret_is_in_what_a_server_writes_down(tmp_path: Path, database: SQLite | PostgreSQL) -> None:
    made, texts, told = list[str](), list[str](), [b""]

    def told_by(answer: httpx2.Response) -> None:
        text = answer.json().get("token") if answer.status_code in (200, 201) else None
        if text:
            made.append(text)
            texts.append(text)
        else:
            told.append(answer.content + str(answer.headers).encode())

    with running_server(tmp_path, "--log-level", "debug", db=database.url) as server:
        with httpx2.Client(base_url=server.url, trust_env=False) as client:
            for step in range(STEPS):
                text = CHANCE.choice([*texts[-8:], ""])
                who = {"Authorization": f"token {text}"} if text and CHANCE.random() < 0.6 else AUTHORIZATION
                match CHANCE.randrange(4):
                    case 0 | 1:
                        asked = {"name": f"t{step}", "scopes": ["write", "tokens", "admin"], "note": "n"}
                        told_by(client.post("/tokens", content=json.dumps(asked), headers=who))
                    case 2:
                        told_by(CHANCE.choice(AS_THE_HOLDER)(client, text, who))
                    case _ if text:
                        told_by(client.delete(f"/tokens/{identifier(text)}", headers=who))
            slips = texts[-1]
            told += [_without_its_own(slip(client, slips), slips) for slip in SLIPS]
            told += [client.get(path, headers=AUTHORIZATION).content for path in ("/audit", "/tokens", "/changes")]
            told.append(database.dumped())
            database.broken()
            for text in texts[-1:]:
                told_by(client.post(f"/tokens/{identifier(text)}/rotate", headers={"Authorization": f"token {text}"}))
                told_by(client.post("/tokens", json={"name": "z", "scopes": ["read"]}, headers=AUTHORIZATION))
        told.append(_log(server))

    everything = b"\n".join(told)
    secrets = [parts[1] for text in made if (parts := id_and_secret(text))]
    assert len(secrets) > STEPS / 5
    assert b"ERROR" in told[-1], "the database that broke was told of"
    assert b"binreg_" + identifier(slips).encode() + b"***" in everything
    assert [secret for secret in secrets if any(form in everything for form in forms(secret))] == []


def _without_its_own(answer: httpx2.Response, text: str) -> bytes:
    """Whoever sent it is told what was wrong with it, and nobody else."""
    return (answer.content + str(answer.headers).encode()).replace(text.encode(), PREFIX.encode())


def _log(server: RunningServer) -> bytes:
    server.stop()
    return server.log.read_bytes()
