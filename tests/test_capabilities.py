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
    known = Capabilities(ADDRESS, graph_store_put=True, union_default_graph=False, most_rows=10_000)
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
    return {"citygraph-capabilities": 1, "capabilities": {"endpoint": ADDRESS, **known}, "probes": []}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "was not written by citygraph doctor"),
        ({"capabilities": {}}, "was not written by citygraph doctor"),
        ({**_document(), "citygraph-capabilities": 2}, "version 2"),
        (_document(flies=True), "'flies'"),
        (_document(most_rows="many"), "'many'"),
        (_document(most_rows=True), "True"),
        (_document(gzip=1), "gzip cannot be 1"),
        (_document(endpoint=""), "no endpoint"),
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
