"""What a sound CKAN cannot show: portals that are none, that are ill, or that have moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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


@dataclass
class Small:
    """A portal that keeps what it is given, gives two datasets at a time, and remembers what was deleted."""

    held: dict[str, dict[str, Any]]
    deleted: list[str] = field(default_factory=list)

    def call_action(
        self, action: str, data_dict: Mapping[str, Any] | None = None, *, files: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Call one action."""
        asked = data_dict or {}
        assert files is None
        if action in _HEALTHY:
            return _HEALTHY[action]
        if action == "package_show":
            if asked["id"] in self.held:
                return self.held[asked["id"]]
            raise type("NotFound", (Exception,), {})
        if action == "package_search":
            start = asked["start"]
            return {"count": len(self.held), "results": [*self.held.values()][start : start + 2]}
        if action == "package_delete":
            self.deleted.append(asked["id"])
        return asked


def _package(name: str, uri: str, *, owner: str = "oslo", **extras: str) -> dict[str, Any]:
    pairs = [{"key": key, "value": value} for key, value in {"uri": uri, **extras}.items()]
    return {"name": name, "id": name, "title": name.title(), "organization": {"name": owner}, "extras": pairs}


def test_what_is_ours_on_a_portal_is_told_from_what_is_not() -> None:
    it = catalog()
    ours = f"{it.site}dataset/"
    small = Small({each["name"]: each for each in (
        _package("other", "https://other.example/dataset/graph"), _package("near", f"{it.site}datasets"),
        _package("harvested", f"{ours}graph", harvest_source_id="7"), _package("bergen", f"{ours}old", owner="bergen"),
        {"name": "bare", "id": "bare", "title": ""}, _package("old-name", f"{ours}graph", identifier="old-name"),
        _package("dropped", f"{ours}query-dropped"),
    )})  # fmt: skip
    with pytest.raises(PublishError, match=r"\(2\): 'Old-Name' \(old-name\), 'Dropped' \(dropped\)") as stopped:
        push_to_ckan(it, small, organization="1")
    # What the graph itself was known by has changed, which no question can mend.
    assert "Write the old one as identifier into graph.toml" in str(stopped.value.fix)
    planned = push_to_ckan(it, small, organization="1", dry_run=True)
    assert ([each.name for each in planned if each.outcome == "deleted"], small.deleted) == (
        ["old-name", "dropped"],
        [],
    )
    push_to_ckan(it, small, organization="1", allow_removal=True)
    assert small.deleted == ["old-name", "dropped"]
    push_to_ckan(it, small, allow_removal=True)
    assert small.deleted[2:] == ["bergen", "old-name", "dropped"]


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
