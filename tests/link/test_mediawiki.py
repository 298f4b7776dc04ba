"""The MediaWiki API through the same policy: maxlag, limits, cut answers, merged and deleted items."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from citygraph.errors import ConfigError, ReconciliationError
from citygraph.exchange import DiskCache
from citygraph.http import Policy
from citygraph.link.wikidata import MediaWiki
from misbehaving import Answer, Misbehaving

JSON = "application/json; charset=utf-8"


def says(document: object, **more: object) -> Answer:
    return replace(Answer(json.dumps(document).encode(), type=JSON), **more)  # type: ignore[arg-type]


FOUND = says({"search": [{"id": "Q585"}, {"id": "Q5245991"}]}, packed=True)


def test_a_search_is_polite(server: Misbehaving, policy: Policy) -> None:
    server.will(FOUND)
    assert MediaWiki(server.address, policy).search("Oslo & Q", "nb") == ["Q585", "Q5245991"]
    (asked,) = server.asked
    sent = parse_qs(urlsplit(asked.path).query)
    assert (sent["search"], sent["language"], sent["maxlag"]) == (["Oslo & Q"], ["nb"], ["5"])
    assert "tests@example.org" in asked.headers["user-agent"]
    assert asked.headers["accept-encoding"] == "gzip"


def test_servers_that_are_behind_are_asked_again_later(server: Misbehaving, policy: Policy, waits: list[float]) -> None:
    behind = {"error": {"code": "maxlag", "info": "Waiting for a server: 6.1 seconds lagged."}}
    server.will(says(behind, headers={"Retry-After": "5"}), Answer(status=429, headers={"Retry-After": "2"}), FOUND)
    assert MediaWiki(server.address, policy).search("Oslo", "nb") == ["Q585", "Q5245991"]
    assert [int(wait) for wait in waits] == [5, 2]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"<html>", type="text/html"), "a web page"),
        (Answer(b'{"search": [', type=JSON), "cut the answer"),
        (Answer(b'{"search": []}', type=JSON, announce=99), "cut the answer"),
        (Answer(b"[]", type=JSON), "does not say"),
        (says({"search": {"a": 1}}), "does not say"),
        (says({"error": {"code": "badvalue", "info": "Unrecognised value"}}), "Unrecognised value"),
        (Answer(status=302, headers={"Location": "/w/api.php"}), "elsewhere"),
        (Answer(status=403), "HTTP 403"),
        (Answer(status=503), "HTTP 503"),
        (Answer(b"x" * 99_999, type=JSON), "larger"),
    ],
)
def test_an_answer_that_is_not_one_is_an_error(
    server: Misbehaving, policy: Policy, answer: Answer, message: str, tmp_path: Path
) -> None:
    server.will(answer)
    policy = replace(policy, most_bytes=9999, cache=DiskCache(tmp_path, 60))
    with pytest.raises(ReconciliationError, match=message):
        MediaWiki(server.address, policy).search("Oslo", "nb")
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize("slow", [says({"search": []}, drip=0.05), Answer(drip=0.05, drip_headers=True)])
def test_a_slow_drip_ends_at_the_deadline(server: Misbehaving, policy: Policy, slow: Answer) -> None:
    server.will(slow)
    with pytest.raises(ReconciliationError, match=r"within 0\.4 seconds"):
        MediaWiki(server.address, replace(policy, timeout=0.4)).search("Oslo", "nb")


def test_items_come_in_batches_and_are_kept(server: Misbehaving, policy: Policy, tmp_path: Path) -> None:
    first = says({"entities": {f"Q{n}": {"id": f"Q{n}", "labels": {}, "claims": []} for n in range(1, 51)}})
    second = says(
        {
            "entities": {
                "Q51": {"id": "Q99", "redirects": {"from": "Q51", "to": "Q99"}, "labels": {"nb": {"value": "Ny"}}},
                "Q52": {"id": "Q52", "missing": ""},
            }
        }
    )
    server.will(first, second)
    api = MediaWiki(server.address, replace(policy, cache=DiskCache(tmp_path, 60)))
    wanted = [f"Q{n}" for n in range(1, 53)]
    items = {item.id: item for item in api.entities(wanted)}
    assert list(items) == wanted
    assert (items["Q51"].redirect, items["Q51"].labels["nb"], items["Q52"].missing) == ("Q99", "Ny", True)
    assert {item.id for item in api.entities(wanted)} == set(wanted)
    assert len(server.asked) == 2


def test_without_a_contact_nobody_is_asked() -> None:
    with pytest.raises(ConfigError):
        MediaWiki("https://www.wikidata.org/w/api.php", Policy(contact=""))
    with pytest.raises(ReconciliationError, match="not the address"):
        MediaWiki("ftp://example.org", Policy(contact="a@example.org"))
