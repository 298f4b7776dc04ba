"""Reading back: what is the same passes whatever its order and labels, what is not does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from citygraph.export import export_bytes
from citygraph.publish.files import reads_back
from citygraph.publish.write import DATA_FORMATS
from citygraph.rdf import Iri, Quad, parse, serialize
from citygraph.sorted_quads import SortedQuads
from generated import GRAPHS, quads

_TEXT = """@prefix id: <https://w3id.org/citygraph/id/> .
id:a id:p "01"^^<http://www.w3.org/2001/XMLSchema#integer> , "x"@en ; a id:C .
id:b id:q [ id:r "1" , [ id:r "2" ] ] ; a id:C .
"""


def _quads(text: str = _TEXT, graph: Iri = GRAPHS[0]) -> SortedQuads:
    return SortedQuads(parse(text.encode(), format="ttl", graph_name=graph).quads)


def _file(folder: Path, format_: str, given_quads: SortedQuads | list[Quad]) -> Path:
    path = folder / f"graph.{format_}"
    path.write_bytes(export_bytes(given_quads, format=format_))
    return path


@pytest.mark.parametrize("format_", [name for name in DATA_FORMATS if name != "rdf"])
@given(graph=quads())
def test_what_was_written_reads_back(format_: str, tmp_path_factory: pytest.TempPathFactory, graph: list[Quad]) -> None:
    given_quads = SortedQuads(graph)
    assert reads_back(given_quads, _file(tmp_path_factory.mktemp("read"), format_, given_quads), format_)


@pytest.mark.parametrize("format_", DATA_FORMATS)
@pytest.mark.parametrize(
    "other",
    [
        _TEXT.replace('"01"', '"1"'),
        _TEXT.replace('"x"@en', '"x"'),
        _TEXT.replace("id:b id:q", "id:c id:q"),
        _TEXT.replace('id:r "1" , [ id:r "2" ]', 'id:r "1" , "2"'),
        _TEXT.replace('[ id:r "2" ]', '[ id:r "3" ]'),
        _TEXT.replace("] ; a id:C .", "] ."),
        _TEXT + "id:z a id:C .",
        "",
    ],
)
def test_what_is_not_the_same_is_noticed(format_: str, other: str, tmp_path: Path) -> None:
    text = other or "@prefix id: <https://w3id.org/citygraph/id/> ."
    assert reads_back(_quads(), _file(tmp_path, format_, _quads()), format_)
    assert not reads_back(_quads(), _file(tmp_path, format_, _quads(text)), format_)


@pytest.mark.parametrize("format_", DATA_FORMATS)
def test_graphs_count_where_the_format_has_them(format_: str, tmp_path: Path) -> None:
    path = _file(tmp_path, format_, _quads(graph=GRAPHS[1]))
    assert reads_back(_quads(), path, format_) == (format_ not in {"nq", "trig"})


def test_a_document_whose_graphs_have_names_is_not_the_graph(tmp_path: Path) -> None:
    path = tmp_path / "graph.jsonld"
    path.write_bytes(serialize(_quads(), format="jsonld"))
    assert not reads_back(_quads(), path, "jsonld")


def test_the_order_and_repetitions_of_another_writer_are_no_loss(tmp_path: Path) -> None:
    path = _file(tmp_path, "nt", _quads())
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*reversed(lines), lines[0], ""]), encoding="utf-8")
    assert reads_back(_quads(), path, "nt")


def test_a_file_that_breaks_off_is_no_copy(tmp_path: Path) -> None:
    path = _file(tmp_path, "nq", _quads())
    path.write_bytes(path.read_bytes()[:-20])
    assert not reads_back(_quads(), path, "nq")
