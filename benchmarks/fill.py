"""What is there before it is changed: `posted(0)`, `posted(1)` and so on, in ours and in etcd."""

import base64
import http.client
import json
from collections.abc import Iterable, Mapping

from .servers import API_KEY, Server
from .templates import body

AT_ONCE = 100  # puts of one of etcd's transactions, which take no more than 128


def posted(number: int) -> str:
    return f"posted-{number:012}"


def fill_registry(server: Server, count: int) -> None:
    templates = b",".join([body(posted(number)) for number in range(count)])
    _post(server, "/apply", [b'{"templates":[%b]}' % templates], {"Authorization": f"token {API_KEY}"})


def fill_etcd(server: Server, count: int) -> None:
    puts = [
        {"requestPut": {"key": f"{number:012}", "value": base64.b64encode(body(posted(number))).decode()}}
        for number in range(count)
    ]
    some = (json.dumps({"success": puts[at : at + AT_ONCE]}).encode() for at in range(0, count, AT_ONCE))
    _post(server, "/v3/kv/txn", some, {})


def _post(server: Server, path: str, bodies: Iterable[bytes], headers: Mapping[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for each in bodies:
        connection.request("POST", path, each, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}: {text[:200]!r}")
    connection.close()
