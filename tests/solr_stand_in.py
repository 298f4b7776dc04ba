"""The part of Solr that CKAN cannot start without: it keeps the documents that it is given and finds them by name.

Debian has no Solr. CKAN holds its datasets in PostgreSQL and asks Solr only to show and to list them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loopback import Handler, LoopbackServer, listening

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

    class Solr(Handler):
        def respond(self) -> None:
            address, body = urlsplit(self.path), self.body()
            with lock:
                if "/schema" in address.path:
                    self.answer(_SCHEMA, "application/xml")
                elif self.command == "GET":
                    self.answer(documents.select(parse_qs(address.query)), "application/json")
                elif address.path.rstrip("/").endswith("/select"):
                    self.answer(documents.select(parse_qs(body.decode())), "application/json")
                else:
                    documents.update(body)
                    self.answer(b'{"responseHeader": {"status": 0}}', "application/json")

    with listening(LoopbackServer(("127.0.0.1", 0), Solr)) as server:
        yield f"{server.address}/solr/ckan"
