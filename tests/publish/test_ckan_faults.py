"""What a sound CKAN cannot show: portals that are none, that are ill, or that have moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from citygraph.errors import PublishError
from citygraph.publish import Published, ckan_client, package_of, push_to_ckan
from loopback import Handler, LoopbackServer, listening
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

    class Ill(Handler):
        def respond(self) -> None:
            self.body()
            action = self.path.rpartition("/")[2]
            status, body = ill.status, ill.body
            if ill.healthy and action in _HEALTHY:
                status, body = 200, json.dumps({"success": True, "result": _HEALTHY[action]}).encode()
            self.answer(body, status=status, headers={"Location": "https://elsewhere.example/"})

    with listening(LoopbackServer(("127.0.0.1", 0), Ill)) as served:
        ill = Portal(served.address)
        yield ill


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
