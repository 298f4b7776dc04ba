"""Saved questions in today's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from citygraph.lexer import SPARQL, Token, tokens
from citygraph.messages import sentence
from citygraph.migrate.words import (
    ACTIVITY,
    DCT_TYPE,
    KIND,
    PREDICATE,
    PREFIX,
    LeftOver,
    Replacement,
    change_of,
    expanded,
    prefixes_in,
)
from citygraph.namespaces import PREFIXES, compress


def rewrite_question(
    name: str, text: str, table: Mapping[str, Replacement]
) -> tuple[str, Counter[str], list[LeftOver]]:
    """A question in today's words; a pattern that no simple rule covers is left and named."""
    prefixes = prefixes_in(text)
    said = [token for token in tokens(text, SPARQL) if token.kind != "comment"]
    done: Counter[str] = Counter()
    left: list[LeftOver] = []
    edits: list[tuple[int, int, str]] = []
    for number, token in enumerate(said):
        old = expanded(token.text, prefixes) if token.kind in {"pname", "iri"} else ""
        if old not in table or (number and said[number - 1].text.upper() == "PREFIX"):
            continue
        new = table[old]
        found = _of_pattern(said, number, new, prefixes)
        if found is None:
            left.append(LeftOver(name, token.line, compress(old), sentence("migrate.in_query")))
            continue
        edits += found
        done[change_of(old, new)] += 1
    after = text
    for start, end, now in sorted(edits, reverse=True):
        after = after[:start] + now + after[end:]
    return _with_prefixes(after, text) if edits else text, done, left


def _of_pattern(
    said: Sequence[Token], number: int, new: Replacement, prefixes: Mapping[str, str]
) -> list[tuple[int, int, str]] | None:
    """The edits for one old word: the word, and behind its pattern what says of what kind; `None` where it cannot be told."""
    token, before, after = said[number], said[number - 1], said[number + 1] if number + 1 < len(said) else None
    property_ = compress(new.property)
    replaced = (token.start, token.end, property_)
    is_path = any(
        each is not None and each.text in {"/", "|", "^", "*", "+", "?", "(", ")", "!"} for each in (before, after)
    )
    if not new.kind:
        return [replaced]
    if expanded(before.text, prefixes) == PREDICATE:
        if new.property == ACTIVITY:
            return None
        kind = f"{compress(KIND)} {compress(new.kind)}"
        return [(token.start, token.end, f"{property_} ;\n{' ' * (before.column - 1)}{kind}")]
    terms = {"variable", "pname", "iri", "blank"}
    if is_path or after is None or after.kind not in terms or (behind := _end_of_pattern(said, number)) is None:
        return None
    place, has_dot = behind
    if new.property == ACTIVITY:
        more = f"{after.text} {compress(DCT_TYPE)} {compress(new.kind)} ."
    else:
        subject = _subject_of(said, number)
        if subject is None:
            return None
        more = (
            f"[] rdf:subject {subject} ; rdf:predicate {property_} ; rdf:object {after.text} ; "
            f"{compress(KIND)} {compress(new.kind)} ."
        )
    return [replaced, (place, place, f" {more}" if has_dot else f". {more} ")]


def _end_of_pattern(said: Sequence[Token], number: int) -> tuple[int, bool] | None:
    """The place behind the dot that ends a pattern, or before the bracket that does."""
    depth = 0
    for token in said[number:]:
        if token.kind != "mark":
            if (
                token.kind == "word"
                and not depth
                and token.text.upper() in {"FILTER", "OPTIONAL", "BIND", "MINUS", "UNION"}
            ):
                return token.start, False
            continue
        depth += (token.text in "([") - (token.text in ")]")
        if token.text == "." and not depth:
            return token.end, True
        if token.text in "{}" or depth < 0:
            return (token.start, False) if token.text in "{}" else None
    return None


def _subject_of(said: Sequence[Token], number: int) -> str | None:
    """What a pattern is about, when that is one name or variable."""
    start = number
    while start and said[start - 1].text not in {".", "{", "}"}:
        if said[start - 1].text in {"[", "]", "(", ")"}:
            return None
        start -= 1
    return said[start].text if said[start].kind in {"variable", "pname", "iri"} and start < number else None


def _with_prefixes(text: str, before: str) -> str:
    """The question with the prefixes that its new words need, in their order, and without those that it needs no more."""
    had, used, is_used = prefixes_in(before), _names(before), _names(text)
    for name in used - is_used:
        text = re.sub(rf"(?im)^[ \t]*PREFIX\s+{re.escape(name)}:[^\n]*\n", "", text)
    for name in sorted(is_used & set(PREFIXES) - set(had)):
        line = f"PREFIX {name}: <{PREFIXES[name]}>\n"
        behind = [match for match in PREFIX.finditer(text) if match[1] > name] or [*re.finditer(r"(?m)^[^#\s]", text)]
        at = behind[0].start() + len(behind[0][0]) - len(behind[0][0].lstrip())
        text = text[:at] + line + text[at:]
    return text


def _names(text: str) -> set[str]:
    """The prefixes of the names in a question."""
    body = tokens(PREFIX.sub("", text), SPARQL)
    return {token.text.partition(":")[0] for token in body if token.kind == "pname"}
