"""Saved questions in today's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from citygraph.lexer import Token
from citygraph.messages import sentence
from citygraph.migrate.words import (
    ACTIVITY,
    DCT_TYPE,
    KIND,
    PREDICATE,
    LeftOver,
    Replacement,
    change_of,
    expanded,
    is_declared,
    prefixes_in,
    sparql_tokens,
)
from citygraph.namespaces import PREFIXES, compress

_BEGINS_ANOTHER: Final = frozenset({"BIND", "FILTER", "GRAPH", "MINUS", "OPTIONAL", "SERVICE", "UNION", "VALUES"})
"""The words before which a pattern ends without a dot."""
_DECLARED: Final = re.compile(r"PREFIX\s+[^\s:]*:\s*<[^>]*>[ \t]*(?:\r?\n)?", re.IGNORECASE)


def rewrite_question(
    name: str, text: str, table: Mapping[str, Replacement]
) -> tuple[str, Counter[str], list[LeftOver]]:
    """A question in today's words; a pattern that no simple rule covers is left and named."""
    newline = "\r\n" if "\r\n" in text else "\n"
    said = sparql_tokens(text)
    prefixes = prefixes_in(said)
    done: Counter[str] = Counter()
    left: list[LeftOver] = []
    edits: list[tuple[int, int, str]] = []
    for number, token in enumerate(said):
        old = expanded(token.text, prefixes) if token.kind in {"pname", "iri"} else ""
        if old not in table or is_declared(said, number):
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
        after = after[:start] + now.replace("\n", newline) + after[end:]
    return _with_prefixes(after, text, newline) if edits else text, done, left


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
    if "," in {each.text for each in said[number + 1 : number + 3]}:
        # What is said of the kind of one object would be asked of all of them, or of none.
        return None
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
            if token.kind == "word" and not depth and token.text.upper() in _BEGINS_ANOTHER:
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


def _with_prefixes(text: str, before: str, newline: str) -> str:
    """The question with the prefixes that its new words need, in their order, and without those that it needs no more."""
    had, (used, _), (is_used, declared) = prefixes_in(sparql_tokens(before)), _names(before), _names(text)
    first = next(iter(declared.values()), max(sparql_tokens(text)[0].start, text.startswith("\ufeff")))
    added = sorted(is_used & set(PREFIXES) - set(had), reverse=True)
    places = {name: next((at for each, at in declared.items() if each > name), first) for name in added}
    edits = [(at, at, f"PREFIX {name}: <{PREFIXES[name]}>{newline}") for name, at in places.items()]
    gone = [_DECLARED.match(text, declared[name]) for name in used - is_used if name in declared]
    edits += [(*match.span(), "") for match in gone if match]
    for start, end, now in sorted(edits, key=lambda each: each[:2], reverse=True):
        text = text[:start] + now + text[end:]
    return text


def _names(text: str) -> tuple[set[str], dict[str, int]]:
    """The prefixes of the names in a question, and where each prefix that it declares is declared."""
    said = sparql_tokens(text)
    names = [(number, token) for number, token in enumerate(said) if token.kind == "pname"]
    declared = {each.text[:-1]: said[number - 1].start for number, each in names if is_declared(said, number)}
    return {each.text.partition(":")[0] for number, each in names if not is_declared(said, number)}, declared
