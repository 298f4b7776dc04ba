"""The reconciliation service in the running site, where OpenRefine looks for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from web.conftest import SHORT, Server


@pytest.fixture(scope="module")
def settings() -> str:
    return SHORT


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


HALF = json.dumps({"ids": ["\ud800"], "properties": [{"id": "schema:sameAs"}]})
PLACE = {"query": "Oslo", "properties": [{"pid": "coordinates", "v": "inf,1e400"}]}


@pytest.mark.parametrize(
    ("field", "text", "status"),
    [
        ("queries", json.dumps({"\ud800": {"query": "Oslo"}}), 400),
        ("extend", HALF, 400),
        ("queries", '{"q": {"query": "Oslo", "properties": [{"pid": "x", "v": 1e999}]}}', 400),
        ("queries", json.dumps({"q": PLACE}), 200),
        ("queries", json.dumps({"q": PLACE | {"properties": [{"pid": "coordinates", "v": "nan,nan"}]}}), 200),
    ],
)
def test_what_json_cannot_say_back_is_refused(server: Server, field: str, text: str, status: int) -> None:
    def no_constant(name: str) -> None:
        raise AssertionError(name)

    answer = server.request("POST", "/reconcile", data={field: text})
    assert answer.status_code == status, answer.text
    json.loads(answer.text, parse_constant=no_constant)


# Every entity is held against a thousand values, for each of these: a tenth of a minute in some ten thousand characters.
HEAVY = [{"pid": "memberships", "v": [number % 10 for number in range(50)]}] * 20
BATCH = json.dumps({str(number): {"properties": HEAVY} for number in range(20)}, separators=(",", ":"))


def test_a_batch_that_takes_too_long_is_stopped_and_others_are_answered(server: Server) -> None:
    def batch(client: str, text: str) -> httpx.Response:
        return server.request("POST", "/reconcile", data={"queries": text}, client=client)

    small = json.dumps({"q0": {"query": "Oslo kommune"}})
    with ThreadPoolExecutor(6) as pool:
        greedy = [pool.submit(batch, "192.0.2.66", BATCH) for _ in range(5)]
        assert server.patiently(lambda: batch("192.0.2.1", small)).status_code == 200
        assert server.answers(client="192.0.2.1")
        assert {each.result().status_code for each in greedy} == {503}
    assert server.patiently(lambda: batch("192.0.2.66", small)).status_code == 200


def test_the_values_of_an_extension_are_counted(server: Server) -> None:
    """Many spellings of one id are many rows of the same values."""
    ids = ["".join(" " * number) + "eurocities" for number in range(480)]
    known = ["cg:coversTheme", "cg:hasParticipant"]
    extend = json.dumps({"ids": ids, "properties": [{"id": each} for each in known]})
    answer = server.request("POST", "/reconcile", data={"extend": extend})
    assert answer.status_code == 413, len(answer.content)
    assert answer.json()["ok"] is False
