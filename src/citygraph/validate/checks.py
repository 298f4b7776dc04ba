"""Check queries: what shapes cannot see is a question whose every row is a finding."""

from __future__ import annotations

from pathlib import Path

from citygraph.errors import QueryError
from citygraph.findings import Finding, finding
from citygraph.graphs import ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, read_saved_query
from citygraph.store import Store

__all__ = ["bad_query", "read_checks", "run_checks"]


def read_checks(project: Path) -> tuple[list[SavedQuery], list[Finding]]:
    """The check queries of a project, by name; one that breaks a rule of its header is a finding."""
    checks: list[SavedQuery] = []
    findings: list[Finding] = []
    for path in sorted((project / "queries" / "checks").glob("*.rq")):
        try:
            checks.append(read_saved_query(path, check=True))
        except QueryError as error:
            findings.append(bad_query(error, path, project))
    return checks, findings


def bad_query(error: QueryError, path: Path, project: Path) -> Finding:
    """The finding about a saved query that cannot be used, at the line that the error names."""
    detail = error.message.removeprefix(f"{path}:{error.line}: ").removeprefix(f"{path}: ")
    return finding("bad-query", file=path.relative_to(project).as_posix(), line=error.line or 1, detail=detail)


def run_checks(store: Store, checks: list[SavedQuery], graphs: ProjectGraphs, project: Path) -> list[Finding]:
    """One finding for each row of each check query; the column `focus` says what it is about."""
    findings: list[Finding] = []
    labels = Labels(graphs.triples())
    for check in checks:
        try:
            answer = store.query(check.text)
        except QueryError as error:
            findings.append(bad_query(error, project / "queries" / "checks" / f"{check.name}.rq", project))
            continue
        if isinstance(answer, Solutions):
            findings += [_finding(check, row, graphs, labels) for row in answer]
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
