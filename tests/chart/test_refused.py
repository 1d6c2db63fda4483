"""Values that cannot be meant are refused, in words that lead to them."""

import pytest

from tests.chart.helm import CHART, helm


def over_postgresql(settings: str, others: str = "") -> str:
    return f"{{database: {{kind: postgresql, postgresql: {{{settings}}}}}{others}}}"


WRONG = {
    "replicas: 2": "'/replicas'",
    "replica: 1": "'replica' not allowed",
    "image: {tag: 1.5}": "'/image/tag': got number, want string",
    "database: {kind: mysql}": "'/database/kind'",
    "service: {port: http}": "'/service/port': got string, want integer",
    "logLevel: loud": "'/logLevel'",
    "drainSeconds: -1": "'/drainSeconds'",
    "limits: {Apply: 1}": "'/limits': additional properties 'Apply' not allowed",
    "prefix: registry/": "'/prefix'",
    "backup: {schedule: daily}": "'/backup/schedule'",
    "networkPolicy: {from: [{}]}": "'/networkPolicy/from/0'",
    "jupyterhub: {apiUrl: 'http://hub:8081'}": "'/jupyterhub/apiUrl'",
    "extraEnv: [{name: BINDER_API_KEY, value: geheim}]": "'/extraEnv/0': missing property 'valueFrom'",
    "apiKeys: {existingSecret: ''}": "nobody could write",
    over_postgresql(""): "say where it is",
    over_postgresql("url: 'postgresql://a:geheim@db/a'"): "holds a password",
    over_postgresql("url: 'postgresql://db/a?user=a&password=geheim'"): "holds a password",
    over_postgresql("urlKey: uri"): "database.postgresql.existingSecret",
    over_postgresql("url: 'postgresql://db/a'", ", backup: {enabled: true}"): "pg_dump",
    "{ingress: {enabled: true, host: a.example.org}}": "networkPolicy.from",
    "{ingress: {enabled: true}, networkPolicy: {enabled: false}}": "ingress.host is missing",
    "{httpRoute: {enabled: true}, networkPolicy: {enabled: false}}": "httpRoute.parentRefs is missing",
    "metrics: {serviceMonitor: {enabled: true}}": "metrics.enabled",
    "metrics: {enabled: true, serviceMonitor: {enabled: true}}": "networkPolicy.metricsFrom",
    "{prepull: {enabled: true}, protectReads: true}": "prepull.existingSecret",
    "{jupyterhub: {enabled: true, proxied: true}, prefix: /a}": "leave prefix out",
    "jupyterhub: {enabled: true, host: 'https://hub.example.org'}": "publicUrl",
}


@pytest.mark.parametrize("values", WRONG)
def test_what_cannot_be_meant_is_refused_and_named(values: str) -> None:
    ran = helm("template", "registry", str(CHART), "--values", "-", values=values)

    assert ran.returncode != 0
    assert WRONG[values] in ran.stderr
    assert "geheim" not in ran.stderr
