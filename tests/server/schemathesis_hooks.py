"""For schemathesis (`SCHEMATHESIS_HOOKS`): no long poll outlasts its patience of 10 seconds for an answer."""

from typing import Any

import schemathesis

LONGEST = 60  # of a valid `wait`, in seconds


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    query = case.query if case.operation.path == "/changes" and isinstance(case.query, dict) else {}
    wait = str(query.get("wait", ""))
    if wait.isascii() and wait.isdecimal() and 1 < int(wait) <= LONGEST:
        case.query["wait"] = 1
