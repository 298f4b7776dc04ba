"""The words of the earlier vocabulary and what is written now, and where a project still has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.lexer import SPARQL, Token, tokens
from citygraph.messages import Sentence
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress
from citygraph.rdf import Iri, Literal, Quad, parse
from citygraph.saved_query import query_files

_DEPRECATED: Final = Iri(PREFIXES["owl"] + "deprecated")
_VERSION: Final = Iri(PREFIXES["owl"] + "versionInfo")
_REPLACED: Final = Iri(PREFIXES["dct"] + "isReplacedBy")
RELATES, ACTIVITY, AIM = CG + "relatesTo", CG + "hasActivity", CG + "hasAim"
PREDICATE: Final = PREFIXES["rdf"] + "predicate"
KIND: Final = CG + "relationKind"
DCT_TYPE: Final = PREFIXES["dct"] + "type"
PURPOSE: Final = PREFIXES["org"] + "purpose"
"""ORG means the reason for existence; the themes that stood here until version 0.2 are topics."""
_TOPIC: Final = CG + "hasTopic"
SHARED: Final = ("alignment.ttl", "citygraph.ttl", "shapes-inferred.ttl", "shapes.ttl")
"""The files of the vocabulary of which a project has a copy."""
VERSIONED: Final = "citygraph.ttl"
"""The one of them that says of which version they are."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is written in place of a property: another one, and with it the concept that says of what kind (or nothing)."""

    property: str
    kind: str = ""


@cache
def _quads(ontology: Path) -> tuple[Quad, ...]:
    return parse((ontology / "citygraph.ttl").read_bytes(), format="ttl").quads


def version_of(file: Path) -> str:
    """The version that an ontology in a Turtle file gives; empty without one."""
    return _version(parse(file.read_bytes(), format="ttl").quads)


def _version(quads: Iterable[Quad]) -> str:
    found = (quad.object.value for quad in quads if quad.predicate == _VERSION and isinstance(quad.object, Literal))
    return next(found, "")


@cache
def replacements(ontology: Path) -> Mapping[str, Replacement]:
    """The earlier properties, as the ontology in this folder tells them, and `org:purpose` for themes."""
    quads = _quads(ontology)
    deprecated = {quad.subject for quad in quads if quad.predicate == _DEPRECATED}
    named: dict[str, list[str]] = defaultdict(list)
    for quad in quads:
        if quad.subject in deprecated and quad.predicate == _REPLACED and isinstance(quad.object, Iri):
            named[str(quad.subject)[1:-1]].append(quad.object.value)
    table = {PURPOSE: Replacement(_TOPIC)}
    for old, names in named.items():
        kinds = [name for name in names if name.startswith(CONCEPT)]
        (new,) = (name for name in names if name not in kinds)
        table[old] = Replacement(new, *kinds)
    return table


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A place that has an earlier word and was not rewritten, and why."""

    file: str
    line: int
    term: str
    why: Sentence


def old_words(graphs: ProjectGraphs, folder: Path, ontology: Path) -> Iterator[Finding]:
    """A finding for each file that uses words of an earlier vocabulary, at the first of them.

    Args:
        graphs: the project as it was read.
        folder: where it lies, for its questions.
        ontology: the folder of today's ontology.
    """
    table = replacements(ontology)
    for file in graphs.of(Part.DATA, Part.SOURCES, Part.ONTOLOGY):
        copied = _version(file.quads) if Path(file.path).name == VERSIONED else ""
        if copied and copied != _version(_quads(ontology)):
            yield _told(file.path, 0, 1, [f"owl:versionInfo {copied}"])
        if Path(file.path).name in SHARED:
            continue
        aims = {quad.object for quad in file.quads if quad.predicate.value == AIM}
        found = [(quad, old) for quad in file.quads if (old := old_word(quad, table)) and quad.object not in aims]
        if found:
            quad = found[0][0]
            place = file.place(str(quad.subject), str(quad.predicate), str(quad.object))
            words = sorted({compress(old) for _, old in found})
            yield _told(file.path, place.line if place else 0, len(found), words)
    for path in question_files(folder):
        said = sparql_tokens(read_question(path))
        prefixes = prefixes_in(said)
        places = [token for token in said if expanded(token.text, prefixes) in table]
        if places:
            words = sorted({compress(expanded(token.text, prefixes)) for token in places})
            yield _told(path.relative_to(folder).as_posix(), places[0].line, len(places), words)


def _told(file: str, line: int, count: int, words: Sequence[str]) -> Finding:
    return finding("old-vocabulary", file=file, line=line, count=count, words=", ".join(words))


def old_word(quad: Quad, table: Mapping[str, Replacement]) -> str:
    """The earlier property that a statement uses, or that a claim names; empty when it is none."""
    if quad.predicate.value in table:
        return quad.predicate.value
    is_named = quad.predicate.value == PREDICATE and isinstance(quad.object, Iri) and quad.object.value in table
    return str(quad.object)[1:-1] if is_named else ""


def question_files(folder: Path) -> list[Path]:
    """The saved questions and the check queries of a project; a pipe, for which one would wait without end, is none."""
    queries = folder / "queries"
    found = [path for each in (queries, queries / "checks") for path in query_files(each, project=folder)]
    return [path for path in found if path.is_file()]


def read_question(path: Path) -> str:
    """The text of a question with its own line ends; a byte that is no UTF-8 goes through as it is."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


# -- names in texts ---------------------------------------------------------------------------------------


def sparql_tokens(text: str) -> list[Token]:
    """The tokens of a question without its comments."""
    return [token for token in tokens(text, SPARQL) if token.kind != "comment"]


def prefixes_in(said: Sequence[Token]) -> dict[str, str]:
    """The prefixes that a question declares, given its tokens; several may stand on one line."""
    return {
        name.text[:-1]: iri.text[1:-1]
        for word, name, iri in zip(said, said[1:], said[2:], strict=False)
        if word.kind == "word" and word.text.upper() == "PREFIX" and name.text.endswith(":") and iri.kind == "iri"
    }


def is_declared(said: Sequence[Token], number: int) -> bool:
    """Whether a name is the one that a `PREFIX` before it declares, or the address that is declared for it."""
    before = [token.text.upper() for token in said[max(number - 2, 0) : number]]
    return before[-1:] == ["PREFIX"] or (len(before) == 2 and before[0] == "PREFIX" and said[number].kind == "iri")  # noqa: PLR2004


def expanded(text: str, prefixes: Mapping[str, str]) -> str:
    """The address that a name stands for; empty for anything else."""
    if text.startswith("<"):
        return text[1:-1]
    prefix, colon, local = text.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else ""


def change_of(old: str, new: Replacement) -> str:
    """What was done, in words for the reader."""
    return f"{compress(old)} -> {compress(new.property)}" + (f" ({compress(new.kind)})" if new.kind else "")
