"""Answers where the hub expects a server: up in a tenth of a second, where jupyterhub-singleuser takes three."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")


if __name__ == "__main__":
    where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    HTTPServer((where.hostname or "", where.port or 0), Handler).serve_forever()
