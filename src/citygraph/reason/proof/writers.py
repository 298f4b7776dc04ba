"""An explanation on paper: a tree for people, JSON, Mermaid, and a fragment of HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape
from typing import Final

from citygraph.messages import text
from citygraph.reason.proof.words import Explained, Explanation, Gap, Origin

__all__ = ["WRITERS", "to_html", "to_json", "to_mermaid", "to_tree", "write_explanation"]


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
        span = f", {_said('characters', language)} {origin.start}–{origin.end}" if origin.start >= 0 else ""
        place += f" ← {document}{span}"
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
