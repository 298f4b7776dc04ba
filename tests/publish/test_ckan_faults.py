"""What a sound CKAN cannot show: portals that are none, that are ill, or that have moved."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from citygraph.errors import PublishError
from citygraph.publish import Published, ckan_client, package_of, push_to_ckan
from portal_record import catalog

_HEALTHY = {
    "status_show": {"locale_default": "nb"},
    "license_list": [{"id": "CC-BY-4.0", "title": "Navngivelse 4.0", "url": ""}],
    "organization_list_for_user": [{"id": "1", "name": "oslo"}],
}


@dataclass
class Portal:
    """A server with one answer to every action but those that are healthy."""

    url: str
    status: int = 200
    body: bytes = b""
    healthy: bool = True


@pytest.fixture
def portal() -> Iterator[Portal]:
    """A server on loopback that a test makes ill."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            action = self.path.rpartition("/")[2]
            status, body = ill.status, ill.body
            if ill.healthy and action in _HEALTHY:
                status, body = 200, json.dumps({"success": True, "result": _HEALTHY[action]}).encode()
            self.send_response(status)
            self.send_header("Location", "https://elsewhere.example/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server has
            del format, args

    served = HTTPServer(("127.0.0.1", 0), Handler)
    ill = Portal(f"http://127.0.0.1:{served.server_port}")
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield ill
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.mark.parametrize("healthy", [False, True])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a page of something else</html>"),
        (200, b"[]"),
        (200, b""),
        (404, b"<html>no such page</html>"),
        (301, b""),
        (500, b"Internal Server Error"),
        (503, b'{"success": false, "error": {"__type": "Search Index Error", "message": "Solr is down"}}'),
        (409, b'{"success": false, "error": {"__type": "Search Error", "message": "Solr is down"}}'),
        (200, b'{"success": false, "error": "no dictionary"}'),
        (200, b'{"success": true, "result": "a word"}'),
    ],
)
def test_what_is_no_portal_or_an_ill_one_is_an_error_and_no_traceback(
    portal: Portal, status: int, body: bytes, *, healthy: bool
) -> None:
    portal.status, portal.body, portal.healthy = status, body, healthy
    with pytest.raises(PublishError, match="did not answer as CKAN does") as error:
        push_to_ckan(catalog(), ckan_client(portal.url, "x"), organization="oslo")
    assert "Check the address" in error.value.fix


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "nowhere", "ftp://127.0.0.1/", ""])
def test_an_address_where_nobody_answers_is_an_error(address: str) -> None:
    with pytest.raises(PublishError, match="cannot be reached"):
        push_to_ckan(catalog(), ckan_client(address, "x"))


def test_a_portal_that_refuses_in_other_words_is_quoted(portal: Portal) -> None:
    portal.status = 409
    portal.body = b'{"success": false, "error": {"__type": "Validation Error", "tags": ["Not from our list"]}}'
    with pytest.raises(PublishError, match="Not from our list"):
        push_to_ckan(catalog(), ckan_client(portal.url, "x"), organization="oslo")


def test_a_package_is_what_ckan_takes(published: tuple[Path, Published]) -> None:
    _, outcome = published
    package = package_of(outcome.catalog)
    assert package["name"] == "city-networks-graph"
    assert all(2 <= len(tag["name"]) <= 100 for tag in package["tags"])
    extras = {each["key"]: each["value"] for each in package["extras"]}
    # An identifier that looks like an address would come back as one.
    assert "://" not in extras["identifier"]
    assert extras["uri"] == outcome.catalog.dataset.iri
    assert len(package["resources"]) == len(outcome.catalog.dataset.distributions)
    assert all(each["license"] == outcome.catalog.licence for each in package["resources"])
