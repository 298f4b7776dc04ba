"""What shapes cannot see: check queries; facts past their time; passages that moved; dates, numbers, slugs, twins, withheld names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from citygraph.as_of import DatedStatus, FactStatus
from citygraph.config import Config
from citygraph.errors import QueryError
from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import LABEL_PROPERTIES, Labels
from citygraph.lexer import word_of
from citygraph.matching.names import fold
from citygraph.matching.withheld import hashes_in, name_hash
from citygraph.messages import LANGUAGES, Text, said_in
from citygraph.namespaces import BASE, CG, CONCEPT, PREFIXES, compress, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, query_files, read_saved_query
from citygraph.sources import Excerpt, SourceText, excerpt_range, find_moved, read_source
from citygraph.sparql.text import tokens
from citygraph.store import Store
from citygraph.validate.things import finding_at


def read_checks(project: Path) -> tuple[list[SavedQuery], list[Finding]]:
    """The check queries of a project, by name; one that breaks a rule of its header is a finding."""
    checks: list[SavedQuery] = []
    findings: list[Finding] = []
    for path in query_files(project / "queries" / "checks", project=project):
        try:
            checks.append(read_saved_query(path, check=True))
        except QueryError as error:
            findings.append(bad_query(error, path, project))
    return checks, findings


def bad_query(error: QueryError, path: Path, project: Path) -> Finding:
    """The finding about a saved query that cannot be used, at the line that the error names."""
    file = path.relative_to(project).as_posix()

    def detail(language: str) -> str:
        said = said_in(error.message, language).removeprefix(f"{path}:{error.line}: ").removeprefix(f"{path}: ")
        return said.replace(str(path), file)

    return finding("bad-query", file=file, line=error.line or 1, detail=Text(detail("nb"), detail("en")))


def names_graphs(check: SavedQuery) -> bool:
    """Whether a check query may ask about graphs by name, so that the default graph alone does not answer it."""
    return any(word_of(token) in {"GRAPH", "FROM"} for token in tokens(check.text))


def run_checks(store: Store, checks: list[SavedQuery], graphs: ProjectGraphs, project: Path) -> list[Finding]:
    """One finding for each row of each check query; the column `focus` says what it is about."""
    findings: list[Finding] = []
    labels = cache(lambda: Labels(graphs.triples()))
    for check in checks:
        try:
            answer = store.query(check.text)
        except QueryError as error:
            findings.append(bad_query(error, project / "queries" / "checks" / f"{check.name}.rq", project))
            continue
        if isinstance(answer, Solutions):
            findings += [_finding(check, row, graphs, labels()) for row in answer]
    return findings


def _finding(check: SavedQuery, row: dict[str, Term], graphs: ProjectGraphs, labels: Labels) -> Finding:
    focus = row.get("focus")
    others = [term for name, term in row.items() if name != "focus"]
    place = ("", 0, 0)
    for term in [focus, *others]:
        if isinstance(term, Iri) and not place[0]:
            place = graphs.locate(str(term))
    words = Text(
        *(
            f"{labels.describe(focus, language)}: {_sentence(check, language)}"
            + (f" ({', '.join(_word(term, labels, language) for term in others)})." if others else ".")
            for language in LANGUAGES
        )
    )
    return Finding(
        code=check.code,
        severity=check.severity,
        message=words,
        fix=check.fix,
        file=place[0],
        line=place[1],
        column=place[2],
        focus_node="" if focus is None else str(focus),
        value=" ".join(map(str, others)),
    )


def _sentence(check: SavedQuery, language: str) -> str:
    """What a row of this check means, to stand behind a colon."""
    words = check.message.in_language(language) or check.title.in_language(language)
    return words[:1].lower() + words[1:].rstrip(".")


def _word(term: Term, labels: Labels, language: str) -> str:
    return term.value if isinstance(term, Literal) else labels.describe(term, language)


_AS_OF: Final = Iri(CG + "asOf")


def check_staleness(graphs: ProjectGraphs, statuses: Mapping[Term, DatedStatus], *, as_of: date) -> list[Finding]:
    """A note for each membership and each claim whose latest confirmation is too old on `as_of`."""
    old = {fact: dated.date for fact, dated in statuses.items() if dated.status is FactStatus.LAST_KNOWN}
    if not old:
        return []
    labels = Labels(graphs.triples(Part.ONTOLOGY, Part.DATA))
    lists = {t.subject for t in graphs.triples(Part.DATA) if t.predicate == _LIST_OF}
    findings = []
    for fact in sorted((each for each in old if each not in lists), key=str):
        file, line, column = graphs.locate(str(fact), str(_AS_OF))
        name = Text(*(labels.describe(fact, language) for language in LANGUAGES))
        findings.append(
            finding(
                "stale",
                file=file,
                line=line,
                column=column,
                focus_node=str(fact),
                value=old[fact],
                name=name,
                latest=old[fact],
                as_of=as_of.isoformat(),
            )
        )
    return findings


_LIST_OF: Final = Iri(CG + "listOf")
_HASHES: Final = (Iri(CG + "sha256"), Iri(CG + "textSha256"))
_HAS_SOURCE: Final = Iri(PREFIXES["oa"] + "hasSource")


def check_anchors(graphs: ProjectGraphs, folder: Path) -> list[Finding]:
    """Compare every excerpt with its document, for each document that lies in `folder`.

    A document that is not at hand is a note: the graph can be built and asked without it.
    """
    said = {
        (quad.subject.value, quad.predicate): quad.object.value
        for quad in graphs.quads()
        if quad.predicate in _HASHES and isinstance(quad.subject, Iri) and isinstance(quad.object, Literal)
    }
    # Characters are counted in the text that was made of a document, where there is one.
    hashes = {subject: value for each in _HASHES for (subject, predicate), value in said.items() if predicate == each}
    excerpts: dict[str, list[Excerpt]] = defaultdict(list)
    for quad in graphs.quads():
        if quad.predicate == _HAS_SOURCE and isinstance(quad.subject, Iri):
            excerpt = excerpt_range(quad.subject.value)
            if excerpt is not None:
                excerpts[excerpt.source].append(excerpt)
    labels = Labels(graphs.triples(Part.SOURCES, Part.DATA) if excerpts else ())
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


_XSD: Final = PREFIXES["xsd"]
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_NOTATION, _DCT_TYPE = Iri(PREFIXES["skos"] + "notation"), Iri(PREFIXES["dct"] + "type")
_ORGNR: Final = Iri(CONCEPT + "id-orgnr")
_ORGNR_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)
_OWN_PREFIX: Final = re.compile(r"(?im)^[ \t]*@?prefix[ \t]+(?P<prefix>id|source):[ \t]*<(?P<iri>[^>]*)>")
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?\Z")
_ZONE: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")
_DATES: Final = frozenset({"date", "gYear", "gYearMonth"})
_PAST: Final = frozenset(
    Iri(iri) for iri in (CG + "asOf", PREFIXES["schema"] + "observationDate", PREFIXES["schema"] + "foundingDate")
)


def check_values(graphs: ProjectGraphs, config: Config, *, today: date) -> list[Finding]:
    """Everything that can be said about single values and names, file by file."""
    findings: list[Finding] = []
    for file in graphs.of(Part.ONTOLOGY, Part.DATA, Part.SOURCES):
        findings += _literals(file, today)
        if file.part is not Part.ONTOLOGY:
            findings += _names(file, config)
    findings += _organisation_numbers(graphs)
    findings += _twins(graphs)
    findings += _withheld(graphs)
    return findings


# -- people whose name is withheld ------------------------------------------------------------------------

_WITHHELD, _HASH = Iri(CG + "withheldSince"), Iri(CG + "sha256")
_NAMES: Final = (Iri(PREFIXES["foaf"] + "name"), Iri(PREFIXES["skos"] + "altLabel"))
_NO_NAME: Final = name_hash("N.N.")


def _withheld(graphs: ProjectGraphs) -> Iterator[Finding]:
    """Lines of any file in which a name stands that is withheld: as text, in an address, or in a comment.

    The name is known from the person's node as long as it is there, and from its hash when it is gone.
    """
    people = {quad.subject for quad in graphs.quads() if quad.predicate == _WITHHELD}
    if not people:
        return
    hashes: dict[str, str] = {}
    for quad in graphs.quads():
        if quad.subject not in people or not isinstance(quad.object, Literal):
            continue
        if quad.predicate in _NAMES and (digest := name_hash(quad.object.value)) != _NO_NAME:
            hashes[digest] = str(quad.subject)
        elif quad.predicate == _HASH:
            hashes[quad.object.value] = str(quad.subject)
    for person in people:
        name = str(person)[1:-1].rpartition("/")[2].removeprefix("person-")
        if not re.fullmatch(r"withheld(-\d+)?", name):
            hashes[name_hash(name)] = str(person)
    for file in graphs.files:
        for number, line in enumerate(file.text.splitlines(), start=1):
            found = hashes_in(line, hashes)
            for digest in sorted(found):
                yield finding("withheld-name", file=file.path, line=number, focus_node=hashes[digest], hash=digest)


def _literals(file: FileGraph, today: date) -> Iterator[Finding]:
    for quad in file.quads:
        literal = quad.object
        if not isinstance(literal, Literal) or literal.language:
            continue
        kind = literal.datatype.value.removeprefix(_XSD)
        if kind in _DATES and _ZONE.search(literal.value[4:]):
            yield finding_at("date-with-time-zone", file, quad, text=literal.value)
        elif kind in _LEXICAL and not _LEXICAL[kind](literal.value):
            yield finding_at("bad-literal", file, quad, text=literal.value, kind=f"xsd:{kind}")
        elif (
            quad.predicate in _PAST
            and kind in _DATES
            and literal.value[:10] > today.isoformat()[: len(literal.value[:10])]
        ):
            yield finding_at("date-in-future", file, quad, text=literal.value)


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))  # noqa: PLR2004  # YYYY-MM-DD
    except ValueError:
        return False


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


# XML Schema 1.1 part 2, section 3.3 and 3.4: the lexical spaces of the datatypes our data use.
_LEXICAL: Final[dict[str, Callable[[str], bool]]] = {
    "boolean": _matches(r"true|false|0|1"),
    "date": _is_day,
    "dateTime": _matches(r"-?\d{4,}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-4]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"),
    "decimal": _matches(r"[+-]?(\d+(\.\d*)?|\.\d+)"),
    "double": _matches(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN"),
    "duration": _matches(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"),
    "gYear": _matches(r"\d{4}"),
    "gYearMonth": _matches(r"\d{4}-(0[1-9]|1[0-2])"),
    "integer": _matches(r"[+-]?\d+"),
    "nonNegativeInteger": _matches(r"\+?\d+|-0+"),
    "positiveInteger": _matches(r"\+?0*[1-9]\d*"),
}  # fmt: skip


def _names(file: FileGraph, config: Config) -> Iterator[Finding]:
    """Names below the base address: written with the project's own address, and made of a-z, 0-9 and hyphens."""
    things = config.base + "id/"
    foreign = (BASE + "id/", BASE + "source/") if config.base != BASE else ()
    seen: set[str] = set()
    for match in _OWN_PREFIX.finditer(file.text):
        old, own, rest = match["iri"].rpartition(match["prefix"] + "/")
        if own and not rest and old != config.base:
            line = file.text.count("\n", 0, match.start("iri")) + 1
            place = {"file": file.path, "line": line, "column": 1}
            yield finding("wrong-base", **place, iri=match["iri"], base=config.base, old=old)  # type: ignore[arg-type]  # line is a number
            return
    for quad in file.quads:
        subject = quad.subject
        if not isinstance(subject, Iri) or subject.value in seen:
            continue
        seen.add(subject.value)
        if foreign and subject.value.startswith(foreign):
            yield finding_at("wrong-base", file, quad, iri=subject.value, base=config.base, old=BASE)
        elif subject.value.startswith(things) and not _SLUG.match(subject.value.removeprefix(things)):
            yield finding_at("bad-slug", file, quad, slug=subject.value.removeprefix(things))


def _organisation_numbers(graphs: ProjectGraphs) -> Iterator[Finding]:
    """Norwegian organisation numbers: nine digits, the last one a check digit modulo 11."""
    numbers = {quad.subject for quad in graphs.quads() if quad.predicate == _DCT_TYPE and quad.object == _ORGNR}
    for file in graphs.of(Part.DATA):
        for quad in file.quads:
            if quad.subject in numbers and quad.predicate == _NOTATION and isinstance(quad.object, Literal):
                digits = quad.object.value
                if re.fullmatch(r"\d{9}", digits) and not _check_digit_holds(digits):
                    yield finding_at("bad-organisation-number", file, quad, number=digits)


def _check_digit_holds(digits: str) -> bool:
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_ORGNR_WEIGHTS, digits, strict=False)) % 11
    return rest % 11 == int(digits[-1])


def _twins(graphs: ProjectGraphs) -> Iterator[Finding]:
    """Two things of one type and one name: most often the same thing entered twice."""
    labels = cache(lambda: Labels(graphs.triples(Part.DATA)))
    types: dict[str, set[str]] = defaultdict(set)
    for quad in graphs.quads(Part.DATA):
        if quad.predicate == _TYPE and isinstance(quad.object, Iri) and isinstance(quad.subject, Iri):
            types[quad.subject.value].add(quad.object.value)
    named: dict[tuple[str, str], dict[str, tuple[FileGraph, Quad]]] = defaultdict(dict)
    for file in graphs.of(Part.DATA):
        for quad in file.quads:
            if quad.predicate.value in LABEL_PROPERTIES and isinstance(quad.object, Literal):
                for type_ in types.get(str(quad.subject)[1:-1], ()):
                    named[type_, fold(quad.object.value)].setdefault(str(quad.subject), (file, quad))
    reported: set[frozenset[str]] = set()
    for (_, _), things in sorted(named.items()):
        pair = frozenset(things)
        if len(things) > 1 and pair not in reported:
            reported.add(pair)
            file, quad = list(things.values())[-1]
            other = compress(next(iter(things))[1:-1], prefixes_for(graphs.base))
            yield finding_at(
                "near-duplicate",
                file,
                quad,
                name=Text(*(labels().of(quad.subject, language) for language in LANGUAGES)),
                other=other,
            )
