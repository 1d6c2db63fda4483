"""Have every node pull what `binder-registry prepull` names, by a DaemonSet that this applies to the cluster.

Called with the folder where a pod finds the cluster's authority, its own token and namespace, the DaemonSet's name,
what to add to its pods (JSON), and the options of `binder-registry prepull`.
"""

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

PROGRAM = (sys.executable, "-P", "-m", "binder_registry")


def main(folder: str, name: str, pods: str, *options: str) -> int:
    mounted = Path(folder)
    printed = subprocess.run(
        [*PROGRAM, "prepull", "--format", "daemonset", *options], stdout=subprocess.PIPE, check=False
    )
    if printed.returncode:
        return printed.returncode  # the DaemonSet stays as it was
    manifest = yaml.safe_load(printed.stdout)
    made, spec = manifest["metadata"], manifest["spec"]
    made["name"] = name
    for labels in (made["labels"], spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]):
        labels["app.kubernetes.io/name"] = name  # which tells it from that of another registry
    spec["template"]["spec"] |= json.loads(pods)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    host = f"[{host}]" if ":" in host else host
    namespace = (mounted / "namespace").read_text()
    path = f"/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}?fieldManager=binder-registry&force=true"
    request = Request(
        f"https://{host}:{port}{path}",
        json.dumps(manifest).encode(),
        {"Authorization": f"Bearer {(mounted / 'token').read_text()}", "Content-Type": "application/apply-patch+yaml"},
        method="PATCH",
    )
    try:
        with urlopen(request, timeout=30, context=ssl.create_default_context(cafile=mounted / "ca.crt")) as answer:
            answer.read()
    except HTTPError as error:
        print(f"the cluster refused the DaemonSet: {error.read().decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"the cluster cannot be reached: {error}", file=sys.stderr)
        return 1
    print(f"DaemonSet {name}: {len(spec['template']['spec']['initContainers'])} images")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
