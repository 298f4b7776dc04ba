"""What the run itself notices: a writer that loses something, one that wavers, and shapes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from citygraph.config import read_config
from citygraph.export import write_graph
from citygraph.findings import Finding
from citygraph.graphs import FileGraph, ProjectGraphs, graph_iri, part_of
from citygraph.publish import (
    PROFILES,
    Edition,
    Published,
    QuestionAnswer,
    Tools,
    check_foreign_shapes,
    publish_edition,
    read_shapes,
)
from citygraph.rdf import Literal, Quad, parse
from citygraph.results import Solutions
from citygraph.saved_query import read_saved_query
from citygraph.store import MemoryStore
from conftest import ROOT
from portal_record import BASE, record

_PATH = "data/a.ttl"
_TEXT = """<https://w3id.org/citygraph/id/a> <http://www.w3.org/2004/02/skos/core#note> "x"@en , "y"@nb ;
    <https://schema.org/foundingDate> "1986"^^<http://www.w3.org/2001/XMLSchema#gYear> ."""
_SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
[] a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:source ; sh:minCount 1 ; sh:message "name the source" ] ,
    [ sh:path dct:relation ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "name a relation" ] .
"""


def _edition() -> Edition:
    name = graph_iri(BASE, _PATH)
    quads = parse(_TEXT.encode(), format="ttl", graph_name=name).quads
    graphs = ProjectGraphs(BASE, (FileGraph(_PATH, name, part_of(_PATH), _TEXT, quads),))
    day = date(2026, 11, 23)
    return Edition(read_config(ROOT), graphs, quads, (), MemoryStore(), (), day, day)


def _write(quads: Iterable[Quad], format_: str, prefixes: Mapping[str, str], into: BinaryIO) -> None:
    write_graph(quads, into, format=format_, prefixes=prefixes)


_TOOLS = Tools(write=_write, tables=lambda _: (), ask=lambda _: None)


def _found(outcome: Published) -> list[Finding]:
    """Without what is said of our own settings, whose contact is a placeholder."""
    return [each for each in outcome.report if each.code != "publish-placeholder"]


def test_a_sound_writer_gives_no_finding(tmp_path: Path) -> None:
    outcome = publish_edition(_edition(), tmp_path / "site", _TOOLS, twice=True)
    assert (_found(outcome), outcome.written) == ([], True)


def test_a_file_that_lost_a_statement_is_found_and_nothing_is_published(tmp_path: Path) -> None:
    def losing(quads: Iterable[Quad], format_: str, prefixes: Mapping[str, str], into: BinaryIO) -> None:
        kept = [each for each in quads if format_ != "nt" or '"y"@nb' not in str(each)]
        _write(kept, format_, prefixes, into)

    outcome = publish_edition(_edition(), tmp_path / "site", replace(_TOOLS, write=losing))
    assert [(each.code, each.file) for each in _found(outcome)] == [("publish-lost", "data/graph.nt")]
    assert not (tmp_path / "site").exists()


def test_a_writer_that_wavers_is_found_in_the_second_run() -> None:
    runs = count()

    def wavering(quads: Iterable[Quad], format_: str, prefixes: Mapping[str, str], into: BinaryIO) -> None:
        if format_ == "nt":
            into.write(f"# {next(runs)}\n".encode())
        _write(quads, format_, prefixes, into)

    outcome = publish_edition(_edition(), None, replace(_TOOLS, write=wavering), twice=True)
    found = {(each.code, each.file) for each in _found(outcome)}
    assert found == {("publish-not-same", "data/graph.nt"), ("publish-not-same", "data/graph.nt.gz")}


def _with_questions() -> tuple[Edition, Tools]:
    """An edition whose graph and three answers stand on a page each."""
    config = read_config(ROOT).having("publish.query_datasets", value=True).having("publish.page_size", 1)
    queries = [
        read_saved_query(ROOT / "queries" / f"{name}.rq") for name in ("members", "network-facts", "at-present-facts")
    ]
    answer = QuestionAnswer(Solutions(("member",), ((Literal("Oslo"),),)))
    return replace(_edition(), config=config, queries=queries), replace(_TOOLS, ask=lambda _: answer)


@pytest.mark.slow
def test_pages_are_written_read_back_and_followed(tmp_path: Path) -> None:
    edition, tools = _with_questions()
    outcome = publish_edition(edition, tmp_path / "site", tools, twice=True)
    assert (_found(outcome), outcome.written) == ([], True)
    assert len(list((tmp_path / "site" / "catalog").glob("dcat-ap-3*.rdf"))) == 4


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["ttl", "rdf", "jsonld"])
def test_a_page_that_lost_its_link_to_the_next_is_found_and_nothing_is_published(format_: str, tmp_path: Path) -> None:
    def losing(quads: Iterable[Quad], to: str, prefixes: Mapping[str, str], into: BinaryIO) -> None:
        kept = [each for each in quads if to != format_ or "hydra/core#next" not in each.predicate.value]
        _write(kept, to, prefixes, into)

    edition, tools = _with_questions()
    outcome = publish_edition(edition, tmp_path / "site", replace(tools, write=losing))
    found = {each.file for each in outcome.report if each.code == "publish-pages"}
    assert found == {f"catalog/dcat-ap-3.{format_}"}
    assert not (tmp_path / "site").exists()


def test_shapes_from_elsewhere_speak_in_their_own_words(tmp_path: Path) -> None:
    (tmp_path / "shapes.ttl").write_text(_SHAPES, encoding="utf-8")
    found = check_foreign_shapes(record("dcat-ap-3"), PROFILES["dcat-ap-3"], read_shapes(tmp_path))
    assert {(each.code, each.message.en.rpartition(": ")[2]) for each in found} == {
        ("publish-shapes", "name the source."),
        ("publish-shapes-advice", "name a relation."),
    }
