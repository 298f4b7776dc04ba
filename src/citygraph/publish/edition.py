"""The public edition of a graph: what is left when the internal files are taken out, and nothing that needed them."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Final
from typing import Literal as OneOf
from xml.sax.saxutils import escape

from citygraph.config import Config
from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs, covers, is_internal
from citygraph.namespaces import PREFIXES, compress, expand, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.saved_query import SavedQuery
from citygraph.sssom import read_mappings, write_mappings
from citygraph.store import Store

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T.*)?\Z")
_DATES: Final = frozenset(PREFIXES["xsd"] + name for name in ("date", "gYear", "gYearMonth", "dateTime"))
_THIRTY_DAYS: Final = frozenset({4, 6, 9, 11})
_FEBRUARY: Final = 2


@dataclass(frozen=True)
class Edition:
    """What may leave: the quads of the public files, what follows from them alone, and a store that answers from them.

    `internal` are the files that stay, for the search for leaks. `modified` is the day of the last change as `dated` says:
    that of a commit, of the first commit that a shallow clone has (`shallow`: it was then or before), or today. `lifted` is
    what does not hold on the day, see `graphs.LIFTED`; it is no part of the quads.
    """

    config: Config
    graphs: ProjectGraphs
    asserted: Sequence[Quad]
    inferred: Sequence[Quad]
    store: Store
    queries: Sequence[SavedQuery]
    as_of: date
    modified: date
    internal: Sequence[FileGraph] = ()
    dated: OneOf["commit", "shallow", "today"] = "commit"
    lifted: Sequence[Quad] = ()

    @property
    def quads(self) -> list[Quad]:
        """All of it, stated and derived."""
        return [*self.asserted, *self.inferred]


def split(
    graphs: ProjectGraphs, patterns: Iterable[str], *, others: Iterable[str] = ()
) -> tuple[ProjectGraphs, tuple[FileGraph, ...], list[Finding]]:
    """The public files, the internal files, and what is wrong with the patterns.

    Args:
        graphs: every file of the graph.
        patterns: what is internal.
        others: the paths of other files that patterns may cover: questions, texts of sources.

    A pattern is a path below the project folder with `*` and `?`, or the name of a file's graph. It covers the whole
    tree: the name of a folder everything in it, `data/internal/*.ttl` such files in `data/internal/2026/` too. A pattern
    that fits no file is a finding, and so is a public file that fits one but for its ending or its capitals.
    """
    files = {file.path: file for file in graphs.files}
    internal: set[str] = set()
    findings: list[Finding] = []
    beside: dict[str, str] = {}
    for pattern in patterns:
        paths = [*files, *others]
        found = {path for path in paths if is_internal(path, [pattern], base=graphs.base)}
        internal |= found
        if not found:
            # A pattern with a slip of the pen must not publish what it was meant to keep.
            findings.append(finding("publish-no-internal-file", file="graph.toml", pattern=pattern))
        beside |= {path: pattern for path in paths if _almost_fits(path, pattern)}
    for path, pattern in sorted(beside.items()):
        if path not in internal:
            findings.append(finding("publish-beside-internal", file=path, pattern=pattern))
    public = tuple(file for file in graphs.files if file.path not in internal)
    if len(public) < len(graphs.files):
        subjects = {quad.subject for file in public if file.part is not Part.MAPPINGS for quad in file.quads}
        public = tuple(
            _links_of(file, subjects, graphs.base) if file.part is Part.MAPPINGS else file for file in public
        )
    return ProjectGraphs(graphs.base, public), tuple(files[path] for path in files if path in internal), findings


def _links_of(file: FileGraph, subjects: Container[Term], base: str) -> FileGraph:
    """A mapping file without the rows about other things: `citygraph link` writes those about internal things there too."""
    rows = read_mappings(file.text)
    prefixes = {**prefixes_for(base), **rows.curie_map}
    stay = [each for each in rows.mappings if Iri(expand(each.subject_id, prefixes) or "x:") in subjects]
    if len(stay) == len(rows.mappings):
        return file
    text = write_mappings(replace(rows, mappings=tuple(stay)))
    return replace(file, text=text, quads=tuple(quad for quad in file.quads if quad.subject in subjects))


def _almost_fits(path: str, pattern: str) -> bool:
    """Whether it would fit with another ending, or in other capitals."""
    if "://" in pattern:
        return False
    whole = pattern.casefold()
    stem = whole.removesuffix(PurePosixPath(whole).suffix)
    return any(covers(each, path.casefold()) for each in (whole, stem, f"{stem}.*"))


def period_of(quads: Iterable[Quad], *, latest: date) -> tuple[str, str]:
    """The first and the last day that the data speak of, up to `latest`; two empty texts when there is none."""
    days = [
        days
        for quad in quads
        if isinstance(quad.object, Literal) and quad.object.datatype.value in _DATES
        for days in [_days(quad.object.value)]
        if days and days[0] <= latest.isoformat()
    ]
    if not days:
        return "", ""
    return min(first for first, _ in days), min(max(last for _, last in days), latest.isoformat())


def _days(text: str) -> tuple[str, str] | None:
    """The first and the last day of a year, a month or a day."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day = match.groups()
    if day:
        return f"{year}-{month}-{day}", f"{year}-{month}-{day}"
    if month:
        return f"{year}-{month}-01", f"{year}-{month}-{_length(int(year), int(month)):02}"
    return f"{year}-01-01", f"{year}-12-31"


def _length(year: int, month: int) -> int:
    if month == _FEBRUARY:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in _THIRTY_DAYS else 31


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
