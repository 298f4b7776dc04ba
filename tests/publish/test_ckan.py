"""A push to CKAN, against a stand-in of its action API: made once, changed when it differs, then left alone."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from citygraph.errors import PublishError
from citygraph.language import Text
from citygraph.publish import Published, ckan_client, package_of, push_to_ckan
from portal_record import catalog

_TOKEN = "a-token"  # noqa: S105  # of the stand-in


@dataclass
class Portal:
    """What the stand-in holds, and which actions it was asked for."""

    url: str
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    refuses: str = ""

    @property
    def writes(self) -> list[str]:
        """The actions that change something."""
        return [each for each in self.actions if each != "package_show"]


def _answer(portal: Portal, action: str, data: dict[str, Any], token: str) -> tuple[int, Any]:
    portal.actions.append(action)
    if portal.refuses:
        return 409, {"__type": "Validation Error", "owner_org": [portal.refuses]}
    if action == "package_show":
        found = portal.packages.get(data["id"])
        return (200, found) if found else (404, {"__type": "Not Found Error", "message": "Not found"})
    if token != _TOKEN:
        return 403, {"__type": "Authorization Error", "message": "Access denied"}
    if action == "resource_patch":
        resource = next(r for p in portal.packages.values() for r in p["resources"] if r["id"] == data["id"])
        resource["url"] = f"{portal.url}/download/{resource['id']}"
        return 200, resource
    if action == "package_create" and data["name"] in portal.packages:
        return 409, {"__type": "Validation Error", "name": ["That URL is already in use."]}
    for resource in data["resources"]:
        resource.setdefault("id", str(uuid.uuid4()))
    portal.packages[data["name"]] = {"id": str(uuid.uuid4()), "state": "active", **data}
    return 200, portal.packages[data["name"]]


@pytest.fixture
def portal() -> Iterator[Portal]:
    """A server that behaves as CKAN's `/api/action/` does, as far as we use it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server wants
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"].startswith("multipart/"):
                held.uploads.append(body.decode("utf-8", "replace"))
                after = body.split(b'name="id"')[1].split(b"\r\n\r\n")[1]
                data = {"id": after.split(b"\r\n")[0].decode()}
            else:
                data = json.loads(body)
            action = self.path.rpartition("/")[2]
            status, result = _answer(held, action, data, self.headers.get("Authorization") or "")
            key = "result" if status == 200 else "error"
            answer = json.dumps({"success": status == 200, key: result}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    served = HTTPServer(("127.0.0.1", 0), Handler)
    held = Portal(f"http://127.0.0.1:{served.server_port}")
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield held
    served.shutdown()
    thread.join()
    served.server_close()


def test_a_second_push_changes_nothing(portal: Portal) -> None:
    client = ckan_client(portal.url, _TOKEN)
    assert push_to_ckan(catalog(), client, organization="oslo").outcome == "created"
    assert push_to_ckan(catalog(), client, organization="oslo").outcome == "unchanged"
    assert portal.writes == ["package_create"]
    assert list(portal.packages) == ["city-networks-graph"]


def test_a_dataset_that_differs_is_updated_and_keeps_what_is_not_ours(portal: Portal) -> None:
    client = ckan_client(portal.url, _TOKEN)
    push_to_ckan(catalog(), client)
    held = portal.packages["city-networks-graph"]
    held |= {"private": False, "author_email": "somebody@example.org"}
    held["extras"].append({"key": "theirs", "value": "x"})
    ids = [each["id"] for each in held["resources"]]
    dataset = replace(catalog().dataset, title=Text("Nytt navn", "New name"))
    pushed = push_to_ckan(replace(catalog(), dataset=dataset), client)
    assert pushed.outcome == "updated"
    assert [(each.field, each.old, each.new) for each in pushed.changes] == [("title", "Bynettverk", "Nytt navn")]
    held = portal.packages["city-networks-graph"]
    assert held["title"] == "Nytt navn"
    assert held["author_email"] == "somebody@example.org"
    assert {"key": "theirs", "value": "x"} in held["extras"]
    assert [each["id"] for each in held["resources"]] == ids


def test_a_resource_that_is_gone_or_changed_is_named(portal: Portal) -> None:
    client = ckan_client(portal.url, _TOKEN)
    push_to_ckan(catalog(), client)
    first, second = catalog().dataset.distributions
    dataset = replace(catalog().dataset, distributions=(replace(first, byte_size=7),))
    fields = {each.field for each in push_to_ckan(replace(catalog(), dataset=dataset), client).changes}
    assert fields == {f"resources.{first.iri}.size", f"resources.{second.iri}"}
    assert len(portal.packages["city-networks-graph"]["resources"]) == 1


def test_a_dry_run_shows_the_difference_and_writes_nothing(portal: Portal) -> None:
    client = ckan_client(portal.url, _TOKEN)
    assert push_to_ckan(catalog(), client, dry_run=True).outcome == "created"
    assert portal.packages == {}
    push_to_ckan(catalog(), client)
    dataset = replace(catalog().dataset, version="2")
    pushed = push_to_ckan(replace(catalog(), dataset=dataset), client, dry_run=True)
    assert [each.field for each in pushed.changes] == ["version"]
    assert portal.writes == ["package_create"]


def test_files_are_sent_once_and_again_when_they_have_changed(portal: Portal, tmp_path: Path) -> None:
    client = ckan_client(portal.url, _TOKEN)
    for path in ("data/graph.ttl", "queries/members.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"the text of {path}", encoding="utf-8")
    assert push_to_ckan(catalog(), client, upload=tmp_path).outcome == "created"
    assert len(portal.uploads) == 2
    assert push_to_ckan(catalog(), client, upload=tmp_path).outcome == "unchanged"
    (tmp_path / "data/graph.ttl").write_text("another text", encoding="utf-8")
    pushed = push_to_ckan(catalog(), client, upload=tmp_path)
    assert [each.field.rpartition(".")[2] for each in pushed.changes] == ["hash"]
    assert len(portal.uploads) == 3
    assert "another text" in portal.uploads[2]
    with pytest.raises(PublishError, match="cannot be read"):
        push_to_ckan(catalog(), client, upload=tmp_path / "nowhere")


def test_a_refusal_says_what_to_do(portal: Portal) -> None:
    with pytest.raises(PublishError, match="does not let you in") as refused:
        push_to_ckan(catalog(), ckan_client(portal.url, "wrong"))
    assert "CITYGRAPH_CKAN_TOKEN" in refused.value.fix
    portal.refuses = "An organization must be provided"
    with pytest.raises(PublishError, match="An organization must be provided"):
        push_to_ckan(catalog(), ckan_client(portal.url, _TOKEN))
    with pytest.raises(PublishError, match="cannot be reached"):
        push_to_ckan(catalog(), ckan_client("http://127.0.0.1:1", _TOKEN))


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
