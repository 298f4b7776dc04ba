"""Two versions of a graph to what a reviewer wants to read: statements, findings and answers that changed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from citygraph.findings import Finding, Report, Severity
from citygraph.labels import Labels
from citygraph.messages import Text, text
from citygraph.rdf import BlankNode, Literal, Term, Triple
from citygraph.results import Row, Solutions


@dataclass(frozen=True, slots=True)
class State:
    """One side of a comparison: what is stated, what follows, what is wrong, and the answers by question."""

    asserted: frozenset[Triple]
    inferred: frozenset[Triple]
    findings: tuple[Finding, ...]
    answers: Mapping[str, Solutions]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A saved question whose answer is not the same: the rows that came and the rows that went."""

    name: str
    title: Text
    columns: tuple[str, ...]
    added: tuple[Row, ...]
    removed: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs between two versions; statements in a stable order."""

    asserted_added: tuple[Triple, ...]
    asserted_removed: tuple[Triple, ...]
    inferred_added: tuple[Triple, ...]
    inferred_removed: tuple[Triple, ...]
    findings_added: tuple[Finding, ...]
    findings_removed: tuple[Finding, ...]
    answers: tuple[AnswerChange, ...]
    labels: Labels = field(compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether the two versions say the same."""
        return not any(
            (self.asserted_added, self.asserted_removed, self.inferred_added, self.inferred_removed,
             self.findings_added, self.findings_removed, self.answers)
        )  # fmt: skip


def changes_between(old: State, new: State, *, titles: Mapping[str, Text]) -> Changes:
    """What came and what went from `old` to `new`.

    Args:
        old: the version before.
        new: the version after.
        titles: what the saved questions are called, by name.

    A finding is the same when it is about the same thing; a line that moved is no difference.
    """
    answers = []
    for name in sorted({*old.answers, *new.answers}):
        before, after = old.answers.get(name), new.answers.get(name)
        columns = (after or before or Solutions((), ())).columns
        rows_before, rows_after = (dict.fromkeys(side.rows if side else ()) for side in (before, after))
        added = tuple(row for row in rows_after if row not in rows_before)
        removed = tuple(row for row in rows_before if row not in rows_after)
        if added or removed:
            answers.append(AnswerChange(name, titles.get(name, Text.of(name)), columns, added, removed))
    old, new = replace(old, asserted=_named(old.asserted)), replace(new, asserted=_named(new.asserted))
    about_old = {_about(each): each for each in old.findings}
    about_new = {_about(each): each for each in new.findings}
    return Changes(
        asserted_added=_sorted(new.asserted - old.asserted),
        asserted_removed=_sorted(old.asserted - new.asserted),
        inferred_added=_sorted(new.inferred - old.inferred),
        inferred_removed=_sorted(old.inferred - new.inferred),
        findings_added=tuple(each for key, each in about_new.items() if key not in about_old),
        findings_removed=tuple(each for key, each in about_old.items() if key not in about_new),
        answers=tuple(answers),
        labels=Labels([*sorted(old.asserted, key=str), *sorted(new.asserted, key=str)]),
    )


def has_difference(changes: Changes, difference: str) -> bool:
    """Whether the two versions differ in this: a severity (findings that came), `answers`, `statements` or `anything`."""
    match difference:
        case "answers":
            return bool(changes.answers)
        case "statements":
            return bool(changes.asserted_added or changes.asserted_removed)
        case "anything":
            return not changes.is_empty
    return bool(Report.of(changes.findings_added).at_least(Severity(difference)))


def _about(finding: Finding) -> tuple[str, str, str, str, str]:
    place = "" if finding.focus_node else f"{finding.file} {finding.message.en}"
    return (finding.code, finding.focus_node, finding.path, finding.value, place)


def _named(triples: frozenset[Triple]) -> frozenset[Triple]:
    """The triples with each blank node named by what is said about it.

    A parser names blank nodes by their place in the file; by their content the same list in two
    versions of a file is the same list.
    """
    about: dict[BlankNode, list[Triple]] = defaultdict(list)
    for triple in triples:
        if isinstance(triple.subject, BlankNode):
            about[triple.subject].append(triple)
    names: dict[Term, BlankNode] = {}

    def name(term: Term, above: frozenset[BlankNode] = frozenset()) -> Term:
        if not isinstance(term, BlankNode) or term in above:
            return term
        if term not in names:
            inner = above | {term}
            content = sorted(f"{t.predicate} {name(t.object, inner)}" for t in about[term])
            names[term] = BlankNode("c" + hashlib.sha256("\n".join(content).encode()).hexdigest()[:16])
        return names[term]

    return frozenset(
        Triple(name(t.subject), t.predicate, name(t.object))  # type: ignore[arg-type]  # a name is of its term's kind
        for t in triples
    )


def _sorted(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    return tuple(sorted(triples, key=str))


_NIL: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>"


def write_text(changes: Changes, language: str) -> str:
    """For a terminal: a heading for each kind of change, `+` for what came and `-` for what went."""
    return "\n".join(_lines(changes, language, heading="{}", line="{} {}", item="  {}"))


def write_markdown(changes: Changes, language: str) -> str:
    """For a pull request: headings and lists; names of things cannot become markup."""
    return "\n".join(_lines(changes, language, heading="## {}", line="- {} {}", item="  {}", escape=_markdown))


def _lines(changes: Changes, language: str, *, heading: str, line: str, item: str, escape: object = str) -> list[str]:
    say = escape if callable(escape) else str

    def heading_of(kind: str) -> str:
        return text(f"compare.headings.{kind}").in_language(language)

    if changes.is_empty:
        return [text("compare.same").in_language(language)]
    lines: list[str] = []
    for kind, added, removed in (
        ("asserted", changes.asserted_added, changes.asserted_removed),
        ("inferred", changes.inferred_added, changes.inferred_removed),
    ):
        if added or removed:
            title = f"{heading_of(kind)} (+{len(added)} -{len(removed)})"
            lines += ["", heading.format(title)]
            lines += [
                line.format(sign, say(words)) for sign, words in _statements(added, removed, changes.labels, language)
            ]
    if changes.findings_added or changes.findings_removed:
        counts = f"(+{len(changes.findings_added)} -{len(changes.findings_removed)})"
        lines += ["", heading.format(f"{heading_of('findings')} {counts}")]
        for sign, findings in (("+", changes.findings_added), ("-", changes.findings_removed)):
            for each in findings:
                words = f"{each.place} {each.severity} {each.code} {each.message.in_language(language)}".strip()
                lines.append(line.format(sign, say(words)))
    if changes.answers:
        lines += [
            "",
            heading.format(f"{heading_of('answers')} ({len(changes.answers)})"),
        ]
        for change in changes.answers:
            lines.append(line.format("~", say(f"{change.name}: {change.title.in_language(language)}")))
            for sign, rows in (("+", change.added), ("-", change.removed)):
                lines += [item.format(line.format(sign, say(_row(row, changes.labels, language)))) for row in rows]
    return lines[1:]


def _statements(
    added: Sequence[Triple], removed: Sequence[Triple], labels: Labels, language: str
) -> list[tuple[str, str]]:
    """Statements grouped by what they are about, each as a short sentence."""
    about: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for sign, triples in (("-", removed), ("+", added)):
        inside: dict[Term, list[Triple]] = defaultdict(list)
        for triple in triples:
            if isinstance(triple.subject, BlankNode):
                inside[triple.subject].append(triple)
        for triple in triples:
            if isinstance(triple.subject, BlankNode):
                # Part of a list or of brackets: it is told with the statement that holds it.
                continue
            words = f"{labels.of(triple.predicate, language)}: {_nested(triple.object, inside, labels, language)}"
            about[labels.describe(triple.subject, language)].append((sign, words))
    return [(sign, f"{subject}: {words}") for subject in sorted(about) for sign, words in about[subject]]


def _nested(term: Term, inside: Mapping[Term, Sequence[Triple]], labels: Labels, language: str) -> str:
    """A word, or for a blank node the words of all that it holds."""
    if not isinstance(term, BlankNode):
        return _word(term, labels, language)
    held = [each.object for each in inside.get(term, ())]
    words = [_nested(each, inside, labels, language) for each in held if str(each) != _NIL]
    return ", ".join(words) or "…"


def _row(row: Row, labels: Labels, language: str) -> str:
    return " | ".join("" if term is None else _word(term, labels, language) for term in row)


def _word(term: Term, labels: Labels, language: str) -> str:
    return term.value if isinstance(term, Literal) else labels.describe(term, language)


def _markdown(text: str) -> str:
    """The text with everything that Markdown or HTML would act on made plain."""
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(plain, escaped)
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#|!~" else c for c in text)


def write_json(changes: Changes) -> str:
    """For programs: terms in N-Triples syntax, findings as in `check --format json`."""
    document = {
        "asserted": _both(changes.asserted_added, changes.asserted_removed),
        "inferred": _both(changes.inferred_added, changes.inferred_removed),
        "findings": {
            "added": [each.to_json() for each in changes.findings_added],
            "removed": [each.to_json() for each in changes.findings_removed],
        },
        "answers": [
            {
                "name": change.name,
                "title": change.title.to_json(),
                "columns": list(change.columns),
                "added": [_cells(row) for row in change.added],
                "removed": [_cells(row) for row in change.removed],
            }
            for change in changes.answers
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _both(added: Iterable[Triple], removed: Iterable[Triple]) -> dict[str, list[list[str]]]:
    return {
        name: [[str(t.subject), str(t.predicate), str(t.object)] for t in triples]
        for name, triples in (("added", added), ("removed", removed))
    }


def _cells(row: Row) -> list[str | None]:
    return [None if term is None else str(term) for term in row]
