"""A record against SHACL shapes: our own for each profile, and others from files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from citygraph.errors import PublishError
from citygraph.findings import Severity
from citygraph.formats import by_extension
from citygraph.publish.vocabulary import background
from citygraph.rdf import Triple, lexical_forms_kept, parse, to_rdflib

__all__ = ["Result", "read_shapes", "run_shapes", "shapes_of"]


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
    return tuple(found)


def read_shapes(path: Path) -> tuple[Triple, ...]:
    """The shapes in a file, or in all Turtle files of a folder.

    Raises:
        PublishError: there is nothing that can be read.
    """
    paths = sorted(path.glob("*.ttl")) if path.is_dir() else [path]
    found: list[Triple] = []
    for each in paths:
        format_ = by_extension(each.suffix)
        try:
            parsed = parse(each.read_bytes(), format=format_.name if format_ else "ttl")
        except OSError as error:
            message = f"The shapes in {each} cannot be read: {error.strerror or error}."
            raise PublishError(
                message, fix="Give the path of a Turtle file with SHACL shapes, or of a folder."
            ) from error
        if parsed.problems:
            message = f"{each}:{parsed.problems[0].line}: {parsed.problems[0].message}."
            raise PublishError(message, fix="Take out the file that is no Turtle, or mend it.")
        found += [quad.triple for quad in parsed.quads]
    if not found:
        message = f"There are no shapes in {path}."
        raise PublishError(message, fix="Give the path of a Turtle file with SHACL shapes, or of a folder.")
    return tuple(found)


def run_shapes(record: Iterable[Triple], shapes: Iterable[Triple], *, known: Iterable[Triple] = ()) -> list[Result]:
    """What the shapes say about the record, worst first.

    The record is read together with the background on the vocabulary terms that it uses; what the shapes say about
    the background alone is left out.
    """
    import pyshacl  # noqa: PLC0415  # rdflib and pySHACL cost half a second

    given = list(record)
    behind = [*background(given), *known]
    own = {str(each.subject) for each in given}
    with lexical_forms_kept():
        data, rules = to_rdflib([*given, *behind]), to_rdflib(shapes)
        _, results, text = pyshacl.validate(data, shacl_graph=rules, inference="none", inplace=True)
    if not hasattr(results, "subjects"):
        message = f"The shapes cannot be run: {text}."
        raise PublishError(
            message, fix="Use the shapes of DCAT-AP 3.0.1 in html/shacl/; docs/publishing.md names them."
        )
    found = _results(results)
    return sorted(each for each in set(found) if each.focus in own)


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
