"""The reconciliation service in the running site, where OpenRefine looks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from web.conftest import Server

ORIGIN = {"Origin": "http://127.0.0.1:3333"}


@pytest.mark.parametrize(("path", "version"), [("/reconcile", "0.2"), ("/reconcile/1.0", "1.0-draft")])
def test_the_manifest_is_at_its_address_and_open_to_other_pages(server: Server, path: str, version: str) -> None:
    answer = server.get(path, headers=ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert version in answer.json()["versions"]


def test_a_spreadsheet_of_names_is_matched(server: Server) -> None:
    queries = {"q0": {"query": "Oslo kommune"}, "q1": {"query": "Stockholms stad"}, "q2": {"query": "Atlantis"}}
    answer = server.request("POST", "/reconcile", data={"queries": json.dumps(queries)}, headers=ORIGIN)
    assert answer.status_code == 200
    found = answer.json()
    assert found["q0"]["result"][0]["id"] == "oslo-kommune"
    assert found["q0"]["result"][0]["match"] is True
    assert found["q1"]["result"][0]["id"] == "stockholms-stad"
    assert not [each for each in found["q2"]["result"] if each["match"]]


def test_a_preview_may_be_framed_and_every_other_page_may_not(server: Server) -> None:
    preview = server.get("/reconcile/preview", params={"id": "oslo-kommune"})
    assert preview.status_code == 200
    assert "frame-ancestors *" in preview.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in server.get("/").headers["content-security-policy"]
