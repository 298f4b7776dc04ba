"""A statement to its explanation: rule, axioms, premises, file and line, or why it does not hold; contradictions to findings."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property
from html import escape
from time import process_time
from typing import Final

from citygraph.as_of import facts_on
from citygraph.config import Config
from citygraph.findings import Finding, finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels, place_label
from citygraph.messages import LANGUAGES, Text, text, texts
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Triple
from citygraph.reason.closure import Budget, Contradiction, TripleText
from citygraph.reason.columnar import close
from citygraph.reason.proof.calendar import AS_OF, Calendar
from citygraph.reason.proof.facts import ColumnarFacts, Facts
from citygraph.reason.proof.prover import EarlierRules, Proof, Prover
from citygraph.reason.proof.why_not import WhyNot, why_not
from citygraph.reason.proof.words import Explained, Explanation, Gap, Origin, ProofWords
from citygraph.reason.rules import TYPE
from citygraph.sources import RECORDS, anchor_of, carriers

_DERIVED_FROM = f"<{PREFIXES['prov']}wasDerivedFrom>"
_HAS_SOURCE = f"<{PREFIXES['oa']}hasSource>"
_ABOUT: Final = tuple(f"<{PREFIXES['rdf']}{name}>" for name in ("subject", "predicate", "object"))
_RANK, _DEPRECATED = f"<{CG}rank>", f"<{CONCEPT}rank-deprecated>"
_DEEPEST: Final = 100
"""Nobody reads further; what lies below is counted."""
_SECONDS: Final = 10
"""Processor time for the places of contradictions; after it, a derived statement has none."""


class Explainer:
    """Explains statements about one project on one reference date; made once, asked often."""

    def __init__(self, graphs: ProjectGraphs, config: Config, *, as_of: date) -> None:
        """Close the graph; that takes some ten milliseconds for ten thousand statements.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        self._graphs = graphs
        stale_after, lists_stale_after = config.duration("time.stale_after"), config.duration("time.lists_stale_after")
        stated = graphs.triples(Part.ONTOLOGY, Part.DATA)
        on_day = facts_on(stated, as_of=as_of, stale_after=stale_after, lists_stale_after=lists_stale_after)
        asserted, derived = on_day.holding(stated), on_day.current
        self._on_day, self._day = on_day, as_of
        given = {_texts(triple) for triple in derived} - {_texts(triple) for triple in asserted}
        closure = close([*asserted, *derived], budget=Budget(derived=config.number("reason.max_inferred")))
        self.facts: Facts = _WithoutGiven(ColumnarFacts(closure.state), given)
        self.labels = Labels(graphs.triples())
        self.calendar = Calendar(
            self.facts,
            as_of=as_of,
            stale_after=stale_after,
            lists_stale_after=lists_stale_after,
            derived=given,
            labels=self.labels,
        )
        self.given: EarlierRules = self.calendar.given()
        self.book = closure.book
        self.prover = Prover(self.facts, self.book, self.given)
        self.words = ProofWords(self.labels, self.facts)
        self._spent = 0.0

    def explain(self, triple: Triple, *, every: bool = False) -> Explanation:
        """Why this statement holds, or why it does not; with `every`, all proofs of which nothing can be left out."""
        text = _texts(triple)
        first = self.prover.prove(text)
        if first is None and triple in self._on_day.withheld:
            return Explanation(text, (), self._of_another_time(triple))
        if first is None and text in self._stated:
            # In a file that the reasoner does not read, or about a fact that is marked as deprecated.
            return Explanation(text, (Explained(text, self.words.statement(text), self.origins(text)),))
        if first is None:
            return Explanation(text, (), self._gap(why_not(text, self.prover, self.calendar)))
        proofs = self.prover.proofs(text) if every else [first]
        return Explanation(text, tuple(map(self._explained, proofs)))

    def _explained(self, proof: Proof, deep: int = _DEEPEST) -> Explained:
        statement = self.words.statement(proof.triple)
        step = proof.step
        if step is None:
            return Explained(proof.triple, statement, self.origins(proof.triple))
        if deep == 0:
            more = text("proofs.rule.deeper").filled(steps=proof.size)
            return Explained(proof.triple, statement, (), step.rule, more)
        counted = self.calendar.of(proof.triple) if step.rule == AS_OF else None
        reason = self.words.rule(step) if counted is None else self.words.inside(counted.why)
        premises = tuple(self._explained(part, deep - 1) for part in proof.premises)
        axioms = tuple(self._explained(part, deep - 1) for part in proof.axioms)
        return Explained(proof.triple, statement, (), step.rule, reason, premises, axioms)

    def _of_another_time(self, triple: Triple) -> Gap:
        """Why a statement of the files does not hold on the day: by its claims, or because a thing is not there."""
        stated, statuses = _texts(triple), {str(node): dated for node, dated in self._on_day.statuses.items()}
        status = self._on_day.withheld[triple]
        nodes = [*map(str, self._claims.get(stated, {})), str(triple.subject), str(triple.object)]
        date_ = next(
            (statuses[each].date for each in nodes if each in statuses and statuses[each].status is status), ""
        )
        why = text(f"proofs.day.stated-{status.value}").filled(date=date_, day=self._day.isoformat())
        return Gap(
            self.words.statement(stated),
            why,
            "",
            (Explained(stated, self.words.statement(stated), self.origins(stated)),),
        )

    def _gap(self, found: WhyNot) -> Gap:
        met = [proof for triple in found.met if (proof := self.prover.prove(triple)) is not None]
        return Gap(
            self.words.statement(found.triple),
            self.words.why_not(found),
            found.rule.name if found.rule else "",
            tuple(map(self._explained, met)),
            tuple(self.words.statement(atom) for atom in found.missing),
        )

    def proof_in_time(self, triple: TripleText) -> Proof | None:
        """A proof of the statement, as long as all that were asked for here took no more than some seconds."""
        began = process_time()
        proof = self.prover.prove(triple, give_up=True) if self._spent < _SECONDS else None
        self._spent += process_time() - began
        return proof

    def origins(self, triple: TripleText) -> tuple[Origin, ...]:
        """Where a statement stands in the files, once for each passage that carries it, or that its thing was read in."""
        place = self._graphs.locate(*triple)
        nodes, of_thing = carriers(self._claims.get(triple, {}), triple[0], is_record=triple[0] in self._records)
        sources = dict.fromkeys(source for node in nodes for source in self._sources.get(node, ()))
        if not sources:
            return (Origin(*place),)
        return tuple(replace(self._origin(source, *place), of_thing=of_thing) for source in sources)

    def _origin(self, source: str, file: str, line: int, column: int) -> Origin:
        iri = source[1:-1]
        anchor = anchor_of(iri)
        document = self._documents.get(source, f"<{anchor.source}>" if anchor else source)[1:-1]
        start, end = (anchor.numbers[0], anchor.numbers[-1]) if anchor and anchor.sort == "passage" else (-1, -1)
        # The last part of its address is the name that people know a document without a title by.
        titled = document in self.labels
        title = (
            Text(*(self.labels.of(document, each) for each in LANGUAGES)) if titled else Text.of(_file_name(document))
        )
        return Origin(file, line, column, iri, title, start, end)

    @cached_property
    def _stated(self) -> frozenset[TripleText]:
        return frozenset(map(_texts, self._graphs.triples()))

    @cached_property
    def _sources(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for quad in self._graphs.quads(Part.DATA, Part.ONTOLOGY):
            if str(quad.predicate) == _DERIVED_FROM:
                found[str(quad.subject)] = (*found.get(str(quad.subject), ()), str(quad.object))
        return found

    @cached_property
    def _claims(self) -> dict[TripleText, dict[str, bool]]:
        """The claims about each statement, and whether each of them is deprecated."""
        parts: dict[str, dict[str, str]] = defaultdict(dict)
        deprecated = set()
        for quad in self._graphs.quads(Part.DATA, Part.ONTOLOGY):
            subject, predicate, object_ = _texts(quad.triple)
            if predicate in _ABOUT:
                parts[subject][predicate] = object_
            elif (predicate, object_) == (_RANK, _DEPRECATED):
                deprecated.add(subject)
        found: dict[TripleText, dict[str, bool]] = defaultdict(dict)
        for claim, about in parts.items():
            if len(about) == len(_ABOUT):
                statement = (about[_ABOUT[0]], about[_ABOUT[1]], about[_ABOUT[2]])
                found[statement][claim] = claim in deprecated
        return found

    @cached_property
    def _records(self) -> frozenset[str]:
        """What is one fact each, by its class as written."""
        records = {f"<{each}>" for each in RECORDS}
        quads = self._graphs.quads(Part.DATA, Part.ONTOLOGY)
        return frozenset(str(q.subject) for q in quads if str(q.predicate) == TYPE and str(q.object) in records)

    @cached_property
    def _documents(self) -> dict[str, str]:
        return {
            str(q.subject): str(q.object) for q in self._graphs.quads(Part.SOURCES) if str(q.predicate) == _HAS_SOURCE
        }


class _WithoutGiven:
    """A closure in which what the rules before OWL derived does not count as stated."""

    def __init__(self, facts: Facts, given: set[TripleText]) -> None:
        self._given = given
        self._facts = facts
        self.match = facts.match
        self.estimate = facts.estimate
        self.spellings = facts.spellings

    def is_asserted(self, triple: TripleText) -> bool:
        """See `Facts.is_asserted`."""
        return triple not in self._given and self._facts.is_asserted(triple)


def _file_name(document: str) -> str:
    return document.rpartition("/")[2] or document


def _texts(triple: Triple) -> TripleText:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def finding_of(contradiction: Contradiction, graphs: ProjectGraphs, explainer: Explainer) -> Finding:
    """The finding `contradiction`, placed at the first of its statements, or of what they follow from, in a file."""
    labels = explainer.labels
    why = texts("proofs").get(f"contradiction.{contradiction.rule}") or text("proofs.contradiction.otherwise")
    if contradiction.more:
        counted = text("proofs.statement.counted").filled(count=contradiction.more)
        return finding("contradiction", statements=counted, why=why, rule=contradiction.rule)
    premises = contradiction.premises or contradiction.axioms
    spots = [_spot(triple, graphs, explainer) for triple in premises]
    file, line, column = next((spot for spot in spots if spot[0]), ("", 0, 0))
    statements = Text(
        *(
            text("proofs.statement.and")
            .in_language(language)
            .join(_statement(t, spot, labels, language) for t, spot in zip(premises, spots, strict=True))
            for language in LANGUAGES
        )
    )
    return finding(
        "contradiction",
        file=file,
        line=line,
        column=column,
        focus_node=str(premises[0].subject) if premises else "",
        path=str(premises[0].predicate) if premises else "",
        value=" ; ".join(str(triple.object) for triple in premises),
        statements=statements,
        why=why,
        rule=contradiction.rule,
    )


def _spot(triple: Triple, graphs: ProjectGraphs, explainer: Explainer) -> tuple[str, int, int]:
    """Where a statement stands; a derived one stands in no file, and the data it follows from is to blame."""
    text = _texts(triple)
    proof = explainer.proof_in_time(text)
    leaves = sorted(proof.leaves()) if proof is not None else [text]
    found = [spot for leaf in leaves if (spot := graphs.locate(*leaf))[0]]
    return min(found, key=lambda spot: (spot[0].startswith("ontology/"), *spot), default=("", 0, 0))


def _statement(triple: Triple, spot: tuple[str, int, int], labels: Labels, language: str) -> str:
    words = " ".join(labels.of(term, language) for term in (triple.subject, triple.predicate, triple.object))
    return f"«{words}» ({spot[0]}:{spot[1]})" if spot[0] else f"«{words}»"


def to_tree(explanation: Explanation, language: str) -> str:
    """For a terminal: one line for each statement, indented under what it is a reason for."""
    lines: list[str] = []
    for i, proof in enumerate(explanation.proofs):
        if i:
            lines += ["", _said("also", language)]
        lines += _tree_lines(proof, language, "", "")
    if explanation.gap is not None:
        lines += _gap_lines(explanation.gap, language)
    return "\n".join(lines) + "\n"


def _tree_lines(node: Explained, language: str, lead: str, below: str) -> Iterator[str]:
    if not node.rule:
        places = "; ".join(_place(origin, language) for origin in node.origins)
        yield f"{lead}{_one_line(node.statement.in_language(language))}  [{places or _said('stated', language)}]"
        return
    yield f"{lead}{_one_line(node.statement.in_language(language))}"
    reason = _one_line(node.reason.in_language(language))
    axioms = ", ".join(_place(origin, language) for axiom in node.axioms for origin in axiom.origins)
    yield f"{below}  {_said('because', language)} {reason} ({_one_line(node.rule)}{': ' + axioms if axioms else ''})"
    parts = [*node.premises, *(axiom for axiom in node.axioms if axiom.rule)]
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        yield from _tree_lines(part, language, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))


def _gap_lines(gap: Gap, language: str) -> Iterator[str]:
    yield f"{_said('does_not_hold', language)}: {_one_line(gap.statement.in_language(language))}"
    yield f"  {_one_line(gap.words.in_language(language))}."
    for met in gap.met:
        yield f"  + {_said('found', language)}: {next(iter(_tree_lines(met, language, '', '')))}"
    for missing in gap.missing:
        yield f"  - {_said('lacking', language)}: {_one_line(missing.in_language(language))}"


def _said(key: str, language: str) -> str:
    return text(f"proofs.written.{key}").in_language(language)


def _place(origin: Origin, language: str) -> str:
    place = f"{origin.file}:{origin.line}" if origin.line else origin.file
    document = origin.document.in_language(language)
    if document:
        anchor = anchor_of(origin.source)
        place += f" ← {place_label(document, anchor, language) if anchor else document}"
        place += f" ({text('interface.of_thing').in_language(language)})" if origin.of_thing else ""
    return _one_line(place)


def _one_line(text: str) -> str:
    """Text of the graph for one line of a terminal: no line breaks and no control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def to_json(explanation: Explanation, language: str = "") -> str:
    """Everything, in both languages; `language` is not asked about."""
    del language
    return json.dumps(explanation.to_json(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def to_mermaid(explanation: Explanation, language: str) -> str:
    """A flow chart in Mermaid's language: an arrow from each premise, through its rule, to what follows."""
    lines = ["flowchart BT"]
    names: dict[object, str] = {}

    def box(node: Explained) -> str:
        key = (node.triple, node.rule)
        if key in names:
            return names[key]
        name = names[key] = f"n{len(names)}"
        label = _quoted(node.statement.in_language(language))
        if not node.rule:
            places = "<br>".join(_quoted(_place(origin, language)) for origin in node.origins)
            lines.append(f'  {name}["{label}{"<br>" + places if places else ""}"]')
            return name
        lines.append(f'  {name}("{label}")')
        rule = f"{name}r"
        lines.append(f'  {rule}{{{{"{_quoted(node.rule)}: {_quoted(node.reason.in_language(language))}"}}}}')
        lines.append(f"  {rule} --> {name}")
        lines.extend(f"  {box(part)} --> {rule}" for part in node.premises)
        lines.extend(f"  {box(part)} -.-> {rule}" for part in node.axioms)
        return name

    for proof in explanation.proofs:
        box(proof)
    if explanation.gap is not None:
        gap = explanation.gap
        lines.append(f'  goal("{_quoted(gap.statement.in_language(language))}")')
        for i, missing in enumerate(gap.missing):
            lines += [f'  missing{i}["{_quoted(missing.in_language(language))}"]:::missing', f"  missing{i} -.-> goal"]
        lines += [f"  {box(met)} --> goal" for met in gap.met]
        lines.append("  classDef missing stroke-dasharray: 5 5")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text inside quotes in Mermaid: whatever could end the label or be read as markup becomes an entity."""
    return "".join(c if c.isalnum() or c in " .,:;–-/←()«»“”" else f"#{ord(c)};" for c in _one_line(text))


def to_html(explanation: Explanation, language: str) -> str:
    """A fragment of HTML: nested lists, everything from the graph escaped."""
    parts = ['<div class="explanation">']
    if explanation.gap is not None:
        parts.append(_gap_html(explanation.gap, language))
    parts += [f'<ul class="proof">{_html(proof, language)}</ul>' for proof in explanation.proofs]
    return "".join([*parts, "</div>\n"])


def _html(node: Explained, language: str) -> str:
    statement = f'<span class="statement">{escape(node.statement.in_language(language))}</span>'
    if not node.rule:
        places = "".join(f' <code class="place">{escape(_place(o, language))}</code>' for o in node.origins)
        return f'<li class="stated">{statement}{places}</li>'
    reason = escape(node.reason.in_language(language))
    axioms = "".join(
        f' <code class="axiom">{escape(_place(origin, language))}</code>' for a in node.axioms for origin in a.origins
    )
    parts = "".join(_html(part, language) for part in [*node.premises, *(a for a in node.axioms if a.rule)])
    why = _said("because", language)
    rule = f'<span class="rule" title="{escape(node.rule)}">{why} {reason}</span>{axioms}'
    return f'<li class="derived"><details open><summary>{statement}</summary>{rule}<ul>{parts}</ul></details></li>'


def _gap_html(gap: Gap, language: str) -> str:
    missing = "".join(f"<li>{escape(each.in_language(language))}</li>" for each in gap.missing)
    met = "".join(_html(each, language) for each in gap.met)
    return (
        f'<p class="gap">{_said("does_not_hold", language)}: {escape(gap.statement.in_language(language))}. '
        f"{escape(gap.words.in_language(language))}.</p>"
        f'<ul class="met">{met}</ul><ul class="missing">{missing}</ul>'
    )


WRITERS: Final[dict[str, Callable[[Explanation, str], str]]] = {
    "tree": to_tree,
    "json": to_json,
    "mermaid": to_mermaid,
    "html": to_html,
}
"""The formats of an explanation, by name."""


def write_explanation(explanation: Explanation, *, format: str, language: str) -> str:  # noqa: A002  # as on the command line
    """The explanation as `tree`, `json`, `mermaid` or `html`."""
    return WRITERS[format](explanation, language)
