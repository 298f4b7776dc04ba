"""Values and names that shapes cannot judge: literals, dates, organisation numbers, terms, slugs, twins."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final

from citygraph.config import Config
from citygraph.findings import Finding, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import LABEL_PROPERTIES, Labels
from citygraph.matching.names import fold
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import BASE, CG, CONCEPT, PREFIXES, compress, prefixes_for
from citygraph.rdf import Iri, Literal, Quad, Term

__all__ = ["check_values"]

_XSD: Final = PREFIXES["xsd"]
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_NOTATION, _DCT_TYPE = Iri(PREFIXES["skos"] + "notation"), Iri(PREFIXES["dct"] + "type")
_ORGNR: Final = Iri(CONCEPT + "id-orgnr")
_ORGNR_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?\Z")
_ZONE: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")
_DATES: Final = frozenset({"date", "gYear", "gYearMonth"})
_PAST: Final = frozenset(
    Iri(iri) for iri in (CG + "asOf", PREFIXES["schema"] + "observationDate", PREFIXES["schema"] + "foundingDate")
)


def check_values(graphs: ProjectGraphs, config: Config, *, today: date) -> list[Finding]:
    """Everything that can be said about single values and names, file by file."""
    findings: list[Finding] = []
    defined: set[Term] = {quad.subject for quad in graphs.quads(Part.ONTOLOGY)}
    for file in graphs.of(Part.ONTOLOGY, Part.DATA, Part.SOURCES):
        findings += _literals(file, today)
        findings += _terms(file, defined)
        if file.part is not Part.ONTOLOGY:
            findings += _names(file, config)
    findings += _organisation_numbers(graphs)
    findings += _twins(graphs)
    return findings


def _finding(code: str, file: FileGraph, quad: Quad, **values: str | Text) -> Finding:
    """A finding about one statement, placed where it stands."""
    place = file.place(str(quad.subject), str(quad.predicate), str(quad.object))
    return finding(
        code,
        file=file.path,
        line=place.line if place else 0,
        column=place.column if place else 0,
        focus_node=str(quad.subject),
        path=str(quad.predicate),
        value=str(quad.object),
        **values,
    )


def _literals(file: FileGraph, today: date) -> Iterator[Finding]:
    for quad in file.quads:
        literal = quad.object
        if not isinstance(literal, Literal) or literal.language:
            continue
        kind = literal.datatype.value.removeprefix(_XSD)
        if kind in _DATES and _ZONE.search(literal.value[4:]):
            yield _finding("date-with-time-zone", file, quad, text=literal.value)
        elif kind in _LEXICAL and not _LEXICAL[kind](literal.value):
            yield _finding("bad-literal", file, quad, text=literal.value, kind=f"xsd:{kind}")
        elif (
            quad.predicate in _PAST
            and kind in _DATES
            and literal.value[:10] > today.isoformat()[: len(literal.value[:10])]
        ):
            yield _finding("date-in-future", file, quad, text=literal.value)


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


def _terms(file: FileGraph, defined: AbstractSet[Term]) -> Iterator[Finding]:
    """Words of our own vocabulary that the vocabulary does not have, with the nearest one it has."""
    names = sorted(
        str(each.value) for each in defined if isinstance(each, Iri) and each.value.startswith((CG, CONCEPT))
    )
    seen: set[str] = set()
    for quad in file.quads:
        for term in (quad.predicate, quad.object):
            if not isinstance(term, Iri) or term.value in seen or term in defined:
                continue
            if term.value.startswith(CG) or (term.value.startswith(CONCEPT) and file.part is not Part.ONTOLOGY):
                seen.add(term.value)
                near = difflib.get_close_matches(term.value, names, n=1, cutoff=0.6)
                yield _finding(
                    "unknown-term", file, quad,
                    term=compress(term.value), near=compress(near[0]) if near else "docs/ontology.md",
                )  # fmt: skip


def _names(file: FileGraph, config: Config) -> Iterator[Finding]:
    """Names below the base address: written with the project's own address, and made of a-z, 0-9 and hyphens."""
    things = config.base + "id/"
    foreign = (BASE + "id/", BASE + "source/") if config.base != BASE else ()
    seen: set[str] = set()
    for quad in file.quads:
        subject = quad.subject
        if not isinstance(subject, Iri) or subject.value in seen:
            continue
        seen.add(subject.value)
        if foreign and subject.value.startswith(foreign):
            yield _finding("wrong-base", file, quad, iri=subject.value, base=config.base)
        elif subject.value.startswith(things) and not _SLUG.match(subject.value.removeprefix(things)):
            yield _finding("bad-slug", file, quad, slug=subject.value.removeprefix(things))


def _organisation_numbers(graphs: ProjectGraphs) -> Iterator[Finding]:
    """Norwegian organisation numbers: nine digits, the last one a check digit modulo 11."""
    numbers = {quad.subject for quad in graphs.quads() if quad.predicate == _DCT_TYPE and quad.object == _ORGNR}
    for file in graphs.of(Part.DATA):
        for quad in file.quads:
            if quad.subject in numbers and quad.predicate == _NOTATION and isinstance(quad.object, Literal):
                digits = quad.object.value
                if re.fullmatch(r"\d{9}", digits) and not _check_digit_holds(digits):
                    yield _finding("bad-organisation-number", file, quad, number=digits)


def _check_digit_holds(digits: str) -> bool:
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_ORGNR_WEIGHTS, digits, strict=False)) % 11
    return rest % 11 == int(digits[-1])


def _twins(graphs: ProjectGraphs) -> Iterator[Finding]:
    """Two things of one type and one name: most often the same thing entered twice."""
    labels = Labels(graphs.triples(Part.DATA))
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
            yield _finding(
                "near-duplicate",
                file,
                quad,
                name=Text(*(labels.of(quad.subject, language) for language in LANGUAGES)),
                other=other,
            )
