"""The part of Solr that CKAN cannot start without: it keeps the documents that it is given and finds them by name.

Debian has no Solr. CKAN holds its datasets in PostgreSQL and asks Solr only to show and to list them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["running_solr"]

_SCHEMA = b'<?xml version="1.0"?><schema name="ckan-2.11" version="1.6"/>'
_NAMED = re.compile(r'\b(?:name|id):"([^"]*)"')


class _Documents:
    """What has been posted, by the id that CKAN gives each document."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Any]] = {}

    def update(self, body: bytes) -> None:
        if body.startswith(b"["):
            self._held |= {each["index_id"]: each for each in json.loads(body)}
        elif body.startswith(b"<delete>"):
            gone = set(_NAMED.findall(body.decode()))
            self._held = {key: each for key, each in self._held.items() if not {each["id"], each["name"]} & gone}

    def select(self, asked: dict[str, list[str]]) -> bytes:
        names = set(_NAMED.findall(" ".join(asked.get("q", []))))
        private = "permission_labels" not in " ".join(asked.get("fq", []))
        found = [
            each
            for each in self._held.values()
            if (not names or {each["id"], each["name"]} & names)
            and each["state"] == "active"
            and (private or each["capacity"] == "public" or names)
        ]
        start, rows = int(asked.get("start", ["0"])[0]), int(asked.get("rows", ["10"])[0])
        response = {"numFound": len(found), "start": start, "docs": found[start : start + rows]}
        facets: dict[str, Any] = {"facet_queries": {}, "facet_fields": {}, "facet_ranges": {}}
        return json.dumps({"responseHeader": {"status": 0}, "response": response, "facet_counts": facets}).encode()


@contextmanager
def running_solr() -> Iterator[str]:
    """A stand-in on loopback; what comes out is the address that CKAN wants."""
    documents, lock = _Documents(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if "/schema" in address.path:
                self._answer(_SCHEMA, "application/xml")
                return
            with lock:
                self._answer(documents.select(parse_qs(address.query)), "application/json")

        def do_POST(self) -> None:
            address, body = urlsplit(self.path), self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                if address.path.rstrip("/").endswith("/select"):
                    self._answer(documents.select(parse_qs(body.decode())), "application/json")
                    return
                documents.update(body)
            self._answer(b'{"responseHeader": {"status": 0}}', "application/json")

        def _answer(self, body: bytes, media_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server has
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/solr/ckan"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
