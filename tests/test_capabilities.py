"""The file of capabilities is read as it was written, and everything else is refused with a reason."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from citygraph.errors import ConfigError
from citygraph.store.server.capabilities import (
    Capabilities,
    ProbeResult,
    read_capabilities,
    read_results,
    write_capabilities,
)

ADDRESS = "http://127.0.0.1:1/sparql"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    others = {"union_default_graph": False, "most_rows": 10_000, "gzip": None}
    known = Capabilities(ADDRESS, graph_store_put=True, most_insert_triples=3_000, others=others)
    results = (ProbeResult("graph-store-put", "ok"), ProbeResult("rows", "deviates", "10,000 of 20,001 rows"))
    write_capabilities(path, known, results)
    assert read_capabilities(path) == known
    assert read_results(path) == results


def test_what_nobody_tried_is_neither_yes_nor_no() -> None:
    nothing = Capabilities(ADDRESS)
    assert {getattr(nothing, each.name) for each in fields(nothing) if "bool" in str(each.type)} == {None}


def test_every_capability_is_described() -> None:
    described = re.findall(r"^ +(\w+): ", Capabilities.__doc__ or "", re.MULTILINE)
    assert described == [each.name for each in fields(Capabilities)]


def _document(**known: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever JSON holds
    return {"citygraph-capabilities": 2, "server": {"endpoint": ADDRESS}, "capabilities": known, "probes": []}


def test_a_file_of_the_version_before_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    known = {"endpoint": ADDRESS, "server": "Virtuoso", "json_results": True, "most_rows": 10_000, "gzip": None}
    document = {"citygraph-capabilities": 1, "capabilities": known, "probes": [{"id": "rows", "verdict": "ok"}]}
    path.write_text(json.dumps(document), encoding="utf-8")
    found = read_capabilities(path)
    assert found == Capabilities(
        ADDRESS, server="Virtuoso", json_results=True, others={"most_rows": 10_000, "gzip": None}
    )
    assert [found.value(name) for name in ("json_results", "most_rows", "gzip", "minus")] == [True, 10_000, None, None]
    assert read_results(path) == (ProbeResult("rows", "ok"),)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "was not written by citygraph doctor"),
        ({"capabilities": {}}, "was not written by citygraph doctor"),
        ({**_document(), "citygraph-capabilities": 3}, "version 3"),
        (_document(most_rows="many"), "'many'"),
        (_document(most_rows=[1]), "most_rows cannot be [1]"),
        (_document(most_graph_bytes=True), "True"),
        (_document(graph_store_post=1), "graph_store_post cannot be 1"),
        ({**_document(), "server": {"endpoint": ""}}, "no endpoint"),
        ({**_document(), "server": {"endpoint": 7}}, "endpoint cannot be 7"),
        ({**_document(), "server": []}, "no endpoint"),
        ({**_document(), "capabilities": []}, "no capabilities"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, document: object, why: str) -> None:
    path = tmp_path / "server.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(why)) as refused:
        read_capabilities(path)
    assert "citygraph doctor" in refused.value.fix


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "server.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not JSON"):
        read_capabilities(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_capabilities(tmp_path / "none.json")
