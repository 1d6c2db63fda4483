"""No secret is written down: not by the server, and not in its database."""

import json
from pathlib import Path
from random import Random

import httpx2

from binder_registry.token_text import id_and_secret

from .running import AUTHORIZATION, running_server

STEPS = 60


def test_no_secret_is_in_what_a_server_writes_down(tmp_path: Path) -> None:
    random, texts = Random(16), list[str]()
    database = tmp_path / "registry.db"
    with running_server(tmp_path, "--log-level", "debug", db=f"sqlite:///{database}") as server:
        with httpx2.Client(base_url=server.url, trust_env=False) as client:
            told = b""
            for step in range(STEPS):
                text = random.choice([*texts, ""])
                who = {"Authorization": f"token {text}"} if text and random.random() < 0.6 else AUTHORIZATION
                body = json.dumps({"name": f"t{step}", "scopes": ["write", "tokens"], "note": "n"})
                match random.randrange(7):
                    case 0 | 1 | 2:
                        answer = client.post("/tokens", content=body, headers=who)
                    case 3:
                        answer = client.post(f"/tokens/{text[7:15] or '0'}/rotate", headers=who)
                    case 4:
                        answer = client.delete(f"/tokens/{text[7:15] or '0'}", headers=who)
                    case 5:
                        answer = client.post("/templates", content=b"{", headers={"Authorization": f"token {text}x"})
                    case _:
                        answer = client.put("/templates/a", json={"image-name": text[:15]}, headers=who)
                made = answer.json().get("token") if answer.status_code in (200, 201) else None
                if made:
                    texts.append(made)
                else:
                    told += answer.content + str(answer.headers).encode()
            told += client.get("/audit", headers=AUTHORIZATION).content
            told += client.get("/tokens", headers=AUTHORIZATION).content
        server.stop()
    told += server.log.read_bytes() + b"".join(path.read_bytes() for path in tmp_path.glob("registry.db*"))

    secrets = [parts[1] for text in texts if (parts := id_and_secret(text))]
    assert len(secrets) > STEPS / 5
    assert [secret for secret in secrets if secret.encode() in told] == []
