"""A record against SHACL shapes: our own for each profile, and others from files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

from citygraph.errors import PublishError
from citygraph.findings import Severity
from citygraph.formats import by_extension
from citygraph.messages import framed, reason_of, sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Term, Triple, lexical_forms_kept, parse, to_rdflib
from citygraph.shacl import Shapes, run
from citygraph.vocabularies import background

_SHACL: Final = PREFIXES["sh"]
_PROPERTY, _PATH = Iri(f"{_SHACL}property"), Iri(f"{_SHACL}path")
_SEVERITY, _WARNING = Iri(f"{_SHACL}severity"), Iri(f"{_SHACL}Warning")
_DEMANDS: Final = frozenset({_PATH, *(Iri(_SHACL + name) for name in ("nodeKind", "minCount", "maxCount"))})
_ADVISES_ONLY: Final = Iri("https://w3id.org/citygraph/publish#advisesOnly")


@dataclass(frozen=True, slots=True, order=True)
class Result:
    """One result of a shape: about what, along which property, which value, and what it breaks."""

    severity: Severity
    focus: str
    path: str
    value: str
    constraint: str
    message: str


@cache
def shapes_of(profile: str) -> tuple[Triple, ...]:
    """Our own shapes for a profile."""
    found: list[Triple] = []
    for name in ("common", "further", profile):
        data = files(__package__).joinpath(f"shapes/{name}.ttl").read_bytes()
        found += [quad.triple for quad in parse(data, format="ttl").quads]
    return tuple(_advice_apart(found))


def _advice_apart(shapes: Sequence[Triple]) -> Iterator[Triple]:
    """The shapes, with what `cgp:advisesOnly` names as warnings.

    Its object is a property, of which the number and the kind of node stay demands; or the shape itself, of which
    nothing does.
    """
    open_: set[object] = {(each.subject, each.object) for each in shapes if each.predicate == _ADVISES_ONLY}
    owner: dict[object, object] = {t.object: t.subject for t in shapes if t.predicate == _PROPERTY}
    path: dict[object, object] = {t.subject: t.object for t in shapes if t.predicate == _PATH}
    rated = {each.subject for each in shapes if each.predicate == _SEVERITY}
    mine = {each.subject for each in shapes} - rated
    whole = {each for each in mine if (owner.get(each, each),) * 2 in open_}
    split = {each for each in mine if each in owner and (owner[each], path.get(each)) in open_}
    advice: dict[object, BlankNode] = {each: BlankNode(f"advice{n}") for n, each in enumerate(sorted(split, key=str))}
    for each in shapes:
        if each.predicate == _ADVISES_ONLY:
            continue
        if each.predicate == _PROPERTY and each.object in advice:
            yield Triple(each.subject, _PROPERTY, advice[each.object])
        if each.subject in advice and each.predicate not in _DEMANDS:
            yield Triple(advice[each.subject], each.predicate, each.object)
            continue
        if each.subject in advice and each.predicate == _PATH:
            yield Triple(advice[each.subject], _PATH, each.object)
        yield each
    for shape in {*whole, *advice.values()}:
        yield Triple(shape, _SEVERITY, _WARNING)


class ForeignShapes(tuple[Triple, ...]):  # noqa: SLOT001  # it has an attribute
    """The triples of shapes from files; `files` is the file in which each subject stands first."""

    files: Mapping[Term, str]

    def __new__(cls, files: Mapping[str, Sequence[Triple]]) -> Self:
        """The triples of these files."""
        made = super().__new__(cls, [each for triples in files.values() for each in triples])
        made.files = {each.subject: file for file in reversed([*files]) for each in files[file]}
        return made


def read_shapes(path: Path) -> ForeignShapes:
    """The shapes in a file, or in all Turtle files of a folder.

    Raises:
        PublishError: there is nothing that can be read.
    """
    paths = sorted(path.glob("*.ttl")) if path.is_dir() else [path]
    found: dict[str, list[Triple]] = {}
    for each in paths:
        format_ = by_extension(each.suffix)
        try:
            parsed = parse(each.read_bytes(), format=format_.name if format_ else "ttl")
        except OSError as error:
            message = sentence("files.unreadable_shapes", path=each, why=reason_of(error))
            raise PublishError(message, fix=sentence("files.give_shapes")) from error
        if parsed.problems:
            problem = parsed.problems[0]
            message = framed(f"{each}:{problem.line}: ", problem.message, ".")
            raise PublishError(message, fix=sentence("files.mend_shapes"))
        found[str(each)] = [quad.triple for quad in parsed.quads]
    if not any(found.values()):
        raise PublishError(sentence("files.no_shapes", path=path), fix=sentence("files.give_shapes"))
    return ForeignShapes(found)


def run_shapes(
    record: Iterable[Triple], shapes: Iterable[Triple] | Shapes, *, known: Iterable[Triple] = ()
) -> list[Result]:
    """What the shapes say about the record, worst first.

    The record is read together with the background on the vocabulary terms that it uses; what the shapes say about
    the background alone is left out. Of `Shapes`, `faults` says afterwards which could not be run.
    """
    given = list(record)
    behind = [*background(given), *known]
    own = {str(each.subject) for each in given}
    with lexical_forms_kept():
        data = to_rdflib([*given, *behind])
    sorted_out = shapes if isinstance(shapes, Shapes) else Shapes(shapes)
    from citygraph.store.process import apart  # noqa: PLC0415  # few shapes have queries

    found = {each for report in run(data, sorted_out, apart=apart) for each in _results(report)}
    return sorted(each for each in found if each.focus in own)


def _results(report: Any) -> list[Result]:  # noqa: ANN401  # an rdflib graph, which pySHACL does not type
    from rdflib import SH  # noqa: PLC0415

    severities = {SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}

    def text(node: Any) -> str:  # noqa: ANN401
        return "" if node is None else str(node.n3())

    return [
        Result(
            severity=severities.get(report.value(each, SH.resultSeverity), Severity.VIOLATION),
            focus=text(report.value(each, SH.focusNode)),
            path=text(report.value(each, SH.resultPath)),
            value=text(report.value(each, SH.value)),
            constraint=str(report.value(each, SH.sourceConstraintComponent)).rpartition("#")[2],
            message=min((str(words) for words in report.objects(each, SH.resultMessage)), default=""),
        )
        # Results below sh:detail explain others and are none of their own.
        for each in report.objects(None, SH.result)
    ]
