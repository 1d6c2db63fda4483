"""As much of the Kubernetes API as KubeSpawner uses: pods can be listed, watched, created and deleted.

A pod runs as a local process: the arguments and environment of its one container.
"""

import json
import os
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

KUBECONFIG = (
    "{{apiVersion: v1, kind: Config, current-context: c, clusters: [{{name: c, cluster: {{server: '{url}'}}}}],"
    " contexts: [{{name: c, context: {{cluster: c, user: u}}}}], users: [{{name: u, user: {{}}}}]}}"
)


class FakeKubernetes:
    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.manifests: list[dict[str, Any]] = []  # as they were created
        self.events: list[dict[str, Any]] = []  # resourceVersion n is events[n - 1]
        self.news = Condition()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        fake = self

        class Handler(_Handler):
            kubernetes = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "FakeKubernetes":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for process in self._processes.values():
            process.kill()
            process.wait()

    @property
    def kubeconfig(self) -> str:
        return KUBECONFIG.format(url=f"http://127.0.0.1:{self._server.server_port}")

    def create(self, pod: dict[str, Any]) -> dict[str, Any]:
        self.manifests.append(json.loads(json.dumps(pod)))
        [container] = pod["spec"]["containers"]
        variables = {one["name"]: one.get("value", "") for one in container["env"]}
        self._processes[pod["metadata"]["name"]] = subprocess.Popen(
            container["args"], env={"PATH": os.environ["PATH"], **variables}, stdout=subprocess.DEVNULL
        )
        state = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
        running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        pod["status"] = {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{**state, "ready": True, "state": running}],
        }
        return self._happened("ADDED", pod)

    def delete(self, name: str) -> dict[str, Any] | None:
        pod = self.pods.get(name)
        if pod is None:
            return None
        process = self._processes.pop(name)
        process.kill()
        process.wait()
        return self._happened("DELETED", pod)

    def _happened(self, kind: str, pod: dict[str, Any]) -> dict[str, Any]:
        with self.news:
            pod["metadata"]["resourceVersion"] = str(len(self.events) + 1)
            self.events.append({"type": kind, "object": json.loads(json.dumps(pod))})
            if kind == "DELETED":
                del self.pods[pod["metadata"]["name"]]
            else:
                self.pods[pod["metadata"]["name"]] = pod
            self.news.notify_all()
        return pod


class _Handler(BaseHTTPRequestHandler):
    kubernetes: FakeKubernetes
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if not url.path.endswith("/pods"):
            self._answer(404, {"kind": "Status", "code": 404})
        elif query.get("watch") in ("true", "True", "1"):
            self._watch(int(query.get("resourceVersion") or 0), float(query.get("timeoutSeconds") or 10))
        else:
            version = {"resourceVersion": str(len(self.kubernetes.events))}
            items = list(self.kubernetes.pods.values())
            self._answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": version, "items": items})

    def _watch(self, since: int, timeout: float) -> None:
        fake, end = self.kubernetes, time.monotonic() + timeout
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        while (left := end - time.monotonic()) > 0:
            for event in fake.events[since:]:
                self.wfile.write(json.dumps(event).encode() + b"\n")
                since += 1
            with fake.news:
                if len(fake.events) == since:
                    fake.news.wait(left)
        self.close_connection = True

    def do_POST(self) -> None:
        pod = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        limits = pod["spec"]["containers"][0].get("resources", {})
        for resource, request in limits.get("requests", {}).items():
            if float(request) > float(limits.get("limits", {}).get(resource, "inf")):  # as the real one validates
                return self._answer(422, {"kind": "Status", "code": 422, "message": "request above limit"})
        pod["metadata"] |= {"namespace": urlsplit(self.path).path.split("/")[-2], "uid": str(uuid4())}
        return self._answer(201, self.kubernetes.create(pod))

    def do_DELETE(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        pod = self.kubernetes.delete(urlsplit(self.path).path.rsplit("/", 1)[1])
        self._answer(200 if pod else 404, pod or {"kind": "Status", "code": 404})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
