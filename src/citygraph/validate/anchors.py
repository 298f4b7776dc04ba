"""Source anchors: does the passage an excerpt names still hold the text it was read from?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Literal
from citygraph.sources import Excerpt, SourceText, excerpt_range, find_moved, read_source

__all__ = ["check_anchors"]

_SHA256: Final = Iri(CG + "sha256")
_HAS_SOURCE: Final = Iri(PREFIXES["oa"] + "hasSource")


def check_anchors(graphs: ProjectGraphs, folder: Path) -> list[Finding]:
    """Compare every excerpt with its document, for each document that lies in `folder`.

    A document that is not at hand is a note: the graph can be built and asked without it.
    """
    hashes = {
        quad.subject.value: quad.object.value
        for quad in graphs.quads()
        if quad.predicate == _SHA256 and isinstance(quad.subject, Iri) and isinstance(quad.object, Literal)
    }
    excerpts: dict[str, list[Excerpt]] = defaultdict(list)
    for quad in graphs.quads():
        if quad.predicate == _HAS_SOURCE and isinstance(quad.subject, Iri):
            excerpt = excerpt_range(quad.subject.value)
            if excerpt is not None:
                excerpts[excerpt.source].append(excerpt)
    labels = Labels(graphs.triples(Part.SOURCES, Part.DATA))
    findings: list[Finding] = []
    for source in sorted(excerpts):
        findings += _check_document(source, excerpts[source], hashes, folder, graphs, labels)
    return findings


def _check_document(
    source: str, excerpts: list[Excerpt], hashes: dict[str, str], folder: Path, graphs: ProjectGraphs, labels: Labels
) -> Iterator[Finding]:
    subject = f"<{source}>"
    file, line, column = graphs.locate(subject)
    name = Text(*(labels.of(source, language) for language in LANGUAGES))
    try:
        document = read_source(folder, source)
    except (OSError, UnicodeDecodeError) as error:
        yield finding("source-unreadable", file=file, line=line, column=column, focus_node=subject, name=name,
                      reason=str(error))  # fmt: skip
        return
    if document is None:
        yield finding("source-not-at-hand", file=file, line=line, column=column, focus_node=subject, name=name,
                      count=len(excerpts), document=source.rpartition("/")[2])  # fmt: skip
        return
    if hashes.get(source, document.sha256) != document.sha256:
        yield finding("source-changed", file=file, line=line, column=column, focus_node=subject, name=name)
    for excerpt in excerpts:
        wanted = hashes.get(excerpt.iri)
        if wanted is not None and document.passage_hash(excerpt.start, excerpt.end) != wanted:
            yield _moved(excerpt, wanted, document, graphs, name)


def _moved(excerpt: Excerpt, wanted: str, document: SourceText, graphs: ProjectGraphs, name: Text) -> Finding:
    length = excerpt.end - excerpt.start
    starts = find_moved(document.text, length=length, sha256=wanted)
    # A short passage may occur several times; the nearest is the likeliest, and a person decides.
    nearest = min(starts, key=lambda start: abs(start - excerpt.start), default=None)
    code = "excerpt-moved" if nearest is not None else "excerpt-gone"
    file, line, column = graphs.locate(f"<{excerpt.iri}>")
    return finding(
        code,
        file=file,
        line=line,
        column=column,
        focus_node=f"<{excerpt.iri}>",
        name=name,
        start=excerpt.start,
        end=excerpt.end,
        new=f"{nearest},{nearest + length}" if nearest is not None else "",
    )
