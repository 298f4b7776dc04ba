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

__all__ = ["read_checks", "run_checks"]


def read_checks(folder: Path) -> tuple[list[SavedQuery], list[Finding]]:
    """The check queries below `folder`, by name; one that breaks a rule of its header is a finding."""
    checks: list[SavedQuery] = []
    findings: list[Finding] = []
    for path in sorted(folder.glob("*.rq")):
        try:
            checks.append(read_saved_query(path, check=True))
        except QueryError as error:
            findings.append(finding("bad-query", file=f"queries/checks/{path.name}", line=1, detail=error.message))
    return checks, findings


def run_checks(store: Store, checks: list[SavedQuery], graphs: ProjectGraphs) -> list[Finding]:
    """One finding for each row of each check query; the column `focus` says what it is about."""
    findings: list[Finding] = []
    labels = Labels(graphs.triples())
    for check in checks:
        try:
            answer = store.query(check.text)
        except QueryError as error:
            file = f"queries/checks/{check.name}.rq"
            findings.append(finding("bad-query", file=file, line=1, detail=error.message))
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
