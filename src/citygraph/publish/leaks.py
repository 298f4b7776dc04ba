"""The search for leaks: nothing that only internal files say may be read in, or derived from, what is published."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import Iri, Literal, Quad, Triple

__all__ = ["Secrets", "find_leaks", "secrets_of"]

_SHORTEST: Final = 5
_PLAIN: Final = re.compile(r"[\d\s.,:+\-TZ/]*\Z")
_AT_ONCE: Final = 2_000
# Everybody knows these names; a thing, a source or a link to Wikidata may be what must stay.
_VOCABULARIES: Final = tuple(
    namespace for prefix, namespace in PREFIXES.items() if prefix not in {"id", "source", "concept", "wd"}
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only internal files say: statements, names and texts, each with the file that says it."""

    statements: Mapping[Triple, str]
    words: Mapping[str, tuple[str, str]]
    """How a secret may be written in a file, with the secret itself and the file that says it."""


def secrets_of(internal: Iterable[FileGraph], public: Sequence[FileGraph], *, prefixes: Mapping[str, str]) -> Secrets:
    """Everything in the internal files that no public file says too."""
    stated = {quad.triple for file in public for quad in file.quads}
    known = {term for triple in stated for term in (triple.subject, triple.predicate, triple.object)}
    statements: dict[Triple, str] = {}
    words: dict[str, tuple[str, str]] = {}
    for file in internal:
        for spelling in (file.name.value, file.path):
            words[spelling] = (file.path, file.path)
        for quad in file.quads:
            if quad.triple not in stated:
                statements.setdefault(quad.triple, file.path)
            for term in (quad.subject, quad.predicate, quad.object):
                if term in known or (isinstance(term, Iri) and term.value.startswith(_VOCABULARIES)):
                    continue
                for spelling in _spellings(term, prefixes):
                    words.setdefault(spelling, (str(term), file.path))
    # A text that a public file says as part of another is no secret.
    for file in public:
        for spelling in _found_in(file.text, words):
            if words[spelling][0].startswith('"'):
                del words[spelling]
    return Secrets(statements, words)


def _spellings(term: object, prefixes: Mapping[str, str]) -> Iterator[str]:
    """A term as Turtle, JSON, HTML and XML write it."""
    if isinstance(term, Iri):
        yield term.value
        curie = compress(term.value, prefixes)
        if not curie.startswith("<"):
            yield curie
    elif isinstance(term, Literal) and len(term.value) >= _SHORTEST and not _PLAIN.match(term.value):
        text = term.value
        yield from dict.fromkeys(
            [
                text,
                html.escape(text),
                escape(text),
                json.dumps(text, ensure_ascii=False)[1:-1],
                json.dumps(text)[1:-1],
                text.replace('"', '""'),
            ]
        )


def find_leaks(secrets: Secrets, quads: Iterable[Quad], files: Iterable[tuple[str, bytes]]) -> list[Finding]:
    """What gives a secret away, by the path of the file that does.

    Args:
        secrets: what must stay.
        quads: what is published and what follows from it: an internal statement among them could be derived.
        files: every file that is going to leave, by its path.
    """
    found = []
    for triple in sorted({quad.triple for quad in quads} & secrets.statements.keys(), key=str):
        what = f"{triple.subject} {triple.predicate} {triple.object}"
        found.append(_leak("data/graph.nq", what, secrets.statements[triple]))
    for path, data in files:
        for text in (path, *_texts(path, data)):
            found += [_leak(path, *secrets.words[each]) for each in sorted(_found_in(text, secrets.words))]
    return list(dict.fromkeys(found))


def _leak(path: str, what: str, source: str) -> Finding:
    return finding("publish-leak", file=path, value=what, place=path, what=what, source=source)


def _found_in(text: str, words: Mapping[str, object]) -> set[str]:
    """The spellings that stand in the text, none of them as the beginning or the end of a longer name."""
    found: set[str] = set()
    spellings = sorted(words, key=len, reverse=True)
    for start in range(0, len(spellings), _AT_ONCE):
        some = "|".join(map(re.escape, spellings[start : start + _AT_ONCE]))
        found.update(match[0] for match in re.finditer(rf"(?<![\w-])(?:{some})(?![\w-])", text))
    return found


def _texts(path: str, data: bytes) -> Iterator[str]:
    """What a person can read in a file; packed files are unpacked."""
    if path.endswith(".gz"):
        yield from _texts(path.removesuffix(".gz"), zlib.decompress(data, 31))
    elif path.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode("utf-8", "replace")
    else:
        yield data.decode("utf-8", "replace")
