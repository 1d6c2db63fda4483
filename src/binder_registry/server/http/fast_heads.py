"""What makes the head of a request plain: strictly less than what the parser accepts."""

import re

# What follows the target, of which the lines are searched once the whole has matched.
HEAD = re.compile(rb" HTTP/1\.[01]\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*(?:[!-~](?:[ \t!-~]*[!-~])?)?\r\n)*\r\n")
LINE = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*)\r\n")

# Request headers that change no answer to a plain request. `Authorization`: open reads look at no token.
HARMLESS = frozenset(
    b"accept accept-language authorization cache-control cookie dnt forwarded host if-modified-since pragma priority "
    b"referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site "
    b"sec-fetch-user sec-gpc traceparent tracestate upgrade-insecure-requests user-agent via x-forwarded-for "
    b"x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-scheme".split()
)
