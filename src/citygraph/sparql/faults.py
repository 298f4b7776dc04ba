"""Why the engine refused a query: the place, the mistake, and the next step, said in words of ours.

The engine names the furthest place that it could read to, and of a mistake of meaning only the end of the query. So
what it refused is looked at once more: brackets and strings that stay open, variables that have two values or none,
functions with too few arguments. A query that the engine takes is never looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice, pairwise
from typing import Final

from citygraph.errors import QueryError
from citygraph.lexer import Token, word_of
from citygraph.messages import Sentence, sentence
from citygraph.sparql.grammar import EXAMPLES, KEYWORDS, misplaced
from citygraph.sparql.text import Form, tokens

_CLOSES: Final = {"(": ")", "[": "]", "{": "}"}
_AGGREGATES: Final = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"})
_MANY: Final = 1_000
_SHORTEST_SLIP: Final = 3
# SPARQL 1.1 Query, rule 121, and what SPARQL 1.2 adds to it.
_NUMBER_OF_ARGUMENTS: Final = {
    (0, 0): "RAND NOW UUID STRUUID",
    (0, 1): "BNODE",
    (0, _MANY): "CONCAT COALESCE",
    (1, 1): """
        STR LANG DATATYPE IRI URI ABS CEIL FLOOR ROUND STRLEN UCASE LCASE ENCODE_FOR_URI YEAR MONTH DAY HOURS MINUTES
        SECONDS TIMEZONE TZ MD5 SHA1 SHA256 SHA384 SHA512 ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC BOUND LANGDIR HASLANG
        HASLANGDIR ISTRIPLE SUBJECT PREDICATE OBJECT
    """,
    (2, 2): "LANGMATCHES CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER STRLANG STRDT SAMETERM ADJUST",
    (2, 3): "SUBSTR REGEX",
    (3, 3): "IF STRLANGDIR TRIPLE",
    (3, 4): "REPLACE",
}
_ARGUMENTS: Final = {name: bounds for bounds, names in _NUMBER_OF_ARGUMENTS.items() for name in names.split()}
_NO_FUNCTIONS: Final = frozenset(
    [
        "A",
        "AS",
        "ASC",
        "BIND",
        "BY",
        "DESC",
        "DISTINCT",
        "EXISTS",
        "FILTER",
        "FROM",
        "GRAPH",
        "GROUP",
        "HAVING",
        "IN",
        "MINUS",
        "NAMED",
        "NOT",
        "OPTIONAL",
        "ORDER",
        "REDUCED",
        "SELECT",
        "SEPARATOR",
        "SERVICE",
        "SILENT",
        "UNDEF",
        "UNION",
        "VALUES",
        "WHERE",
        "LIMIT",
        "OFFSET",
        "CONSTRUCT",
        "DESCRIBE",
        "ASK",
    ]
)
_BEHIND: Final = {
    "OPTIONAL": "{", "UNION": "{", "MINUS": "{", "EXISTS": "{", "WHERE": "{", "IN": "(", "BIND": "(", "GROUP": "BY",
    "ORDER": "BY",
}  # fmt: skip
_OPERATORS: Final = {"==": "=", "AND": "&&", "OR": "||"}
_MODIFIERS: Final = ("GROUP", "HAVING", "ORDER", "LIMIT", "VALUES")
_TERMS: Final = frozenset({"variable", "iri", "pname", "blank", "string", "number"})
_STARTS_STATEMENT: Final = frozenset({".", "{", "}", ";"})


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong, where, and what to do."""

    token: Token
    message: Sentence
    fix: Sentence


def syntax_error(message: str, text: str) -> QueryError:
    """The engine's words for a query it cannot take as a sentence: where, what is wrong, what to do.

    Args:
        message: what the engine said; its list of every token it would have taken helps nobody.
        text: the query.
    """
    found = list(tokens(text))
    place = re.search(r"error at (\d+):(\d+)", message)
    line, column = (int(place[1]), int(place[2])) if place else (0, 0)
    reached = [token for token in found if not place or (token.line, token.column) <= (line, column)]
    fault = _engine_fault(message, reached) or _first_fault(found, len(reached)) or _misplaced(found, len(reached))
    if fault is None and place is None:
        return QueryError(sentence("query.syntax", detail=message.rstrip(".")))
    if fault is None:
        lines = text.splitlines()
        rest = lines[line - 1][max(column - 1, 0) :].strip() if line <= len(lines) else ""
        if rest or len(reached) < len(found):
            here = sentence("query.unexpected", line=line, column=column, text=rest[:40])
            return QueryError(here, fix=sentence("next.look_before"), line=line)
        here = sentence("query.whole", line=line, column=column)
        return QueryError(here, fix=sentence("next.look_in_parts"), line=line)
    return QueryError(fault.message, fix=fault.fix, line=fault.token.line)


def _fault(token: Token, key: str, fix: Sentence, **values: object) -> _Fault:
    return _Fault(token, sentence(key, line=token.line, column=token.column, **values), fix)


def _engine_fault(message: str, reached: Sequence[Token]) -> _Fault | None:
    """What the engine alone knows: the prefixes that there are, and which addresses are none."""
    if "Prefix not found" in message:
        for token in reversed(reached):
            if token.kind == "pname":
                name = token.text.partition(":")[0]
                return _fault(token, "query.prefix", sentence("next.declare", name=name), name=name)
    if "IRI parsing failed" in message:
        for token in reversed(reached):
            if token.text.startswith("<"):
                return _fault(token, "query.address", sentence("next.address"))
    return None


def _first_fault(found: Sequence[Token], reached: int) -> _Fault | None:
    """The first mistake up to the token that the engine reached; brackets and strings before all, as the rest hangs on them."""
    open_one = _open_string(found) or _open_bracket(found)
    if open_one is not None:
        return open_one
    last = found[min(reached, len(found)) - 1].start if found and reached else -1
    in_order = (_calls(found), _words(found), _labels(found))
    every = (*(fault for faults in in_order for fault in islice(faults, 1)), *_Query(found).faults())
    faults = [each for each in every if each.token.start <= last]
    return min(faults, key=lambda each: each.token.start, default=None) or _at(found, reached)


# -- brackets and strings -----------------------------------------------------------------------------


def _open_string(found: Sequence[Token]) -> _Fault | None:
    for token in found:
        if token.kind == "mark" and token.text in "\"'":
            return _fault(token, "query.open_string", sentence("next.close_string", mark=token.text))
    return None


def _open_bracket(found: Sequence[Token]) -> _Fault | None:
    waiting: list[Token] = []
    for token in found:
        if token.kind != "mark":
            continue
        if token.text in _CLOSES:
            waiting.append(token)
        elif token.text in _CLOSES.values():
            if not waiting or _CLOSES[waiting[-1].text] != token.text:
                before = waiting[-1] if waiting else None
                if before is None:
                    return _fault(token, "query.closes_nothing", sentence("next.leave_out"), mark=token.text)
                fix = sentence("next.close_first", mark=_CLOSES[before.text])
                return _fault(token, "query.closes_other", fix, mark=token.text, other=before.text, at=before.line)
            waiting.pop()
    if not waiting:
        return None
    end, opened = found[-1], waiting[-1]
    fix = sentence("next.close", mark=_CLOSES[opened.text])
    words = sentence(
        "query.too_early", line=end.line, column=end.column + len(end.text), mark=opened.text, opened=opened.line
    )
    return _Fault(opened, words, fix)


# -- functions ----------------------------------------------------------------------------------------


def _calls(found: Sequence[Token]) -> Iterator[_Fault]:
    """Functions that there are not, and arguments that are too few or too many."""
    for place, (token, after) in enumerate(pairwise(found)):
        name = word_of(token)
        if not name or after.text != "(" or name in _NO_FUNCTIONS or token.text == "a":
            continue
        count = _number_of_arguments(found, place + 1)
        if name in _AGGREGATES:
            if count != 1:
                fix = sentence("next.separator" if name == "GROUP_CONCAT" else "next.arguments")
                yield _fault(token, "query.arguments", fix, name=name, wanted=1, count=count)
            continue
        if name not in _ARGUMENTS:
            near = get_close_matches(name, [*_ARGUMENTS, *_AGGREGATES, *KEYWORDS], n=1)
            fix = sentence("next.function_near", name=near[0]) if near else sentence("next.function")
            yield _fault(token, "query.no_function", fix, name=token.text)
            continue
        least, most = _ARGUMENTS[name]
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least}–{most}"
            yield _fault(token, "query.arguments", sentence("next.arguments"), name=name, wanted=wanted, count=count)


def _words(found: Sequence[Token]) -> Iterator[_Fault]:
    """Words and operators of other languages, and words without what stands behind them."""
    for token, after in pairwise(found):
        word = word_of(token)
        behind = _BEHIND.get(word, "")
        if behind and behind not in {after.text, word_of(after)} and word_of(after) != "SELECT":
            yield _fault(token, "query.wants", sentence("next.write_behind", mark=behind), name=word, mark=behind)
        pair = token.text + after.text if token.end == after.start else ""
        other = _OPERATORS.get(pair) or (_OPERATORS.get(word) if after.kind != "mark" or after.text == "(" else None)
        if other is None and token.text == "<>":
            other = "!="
        if other is not None:
            wrong = pair if pair in _OPERATORS else token.text
            yield _fault(token, "query.operator", sentence("next.operator", mark=other), name=wrong)


def _labels(found: Sequence[Token]) -> Iterator[_Fault]:
    """Blank nodes that stand in several groups: a label means one node of one group (SPARQL 1.1 Query, 5.1.1)."""
    groups, count = [0], 0
    seen: dict[str, int] = {}
    for token in found:
        if token.text == "{":
            count += 1
            groups.append(count)
        elif token.text == "}":
            groups.pop()
        elif token.kind == "blank" and seen.setdefault(token.text, groups[-1]) != groups[-1]:
            yield _fault(token, "query.blank", sentence("next.variable"), name=token.text)


def _number_of_arguments(found: Sequence[Token], opening: int) -> int:
    depth = commas = 0
    for place in range(opening, len(found)):
        text = found[place].text if found[place].kind == "mark" else ""
        depth += (text in _CLOSES) - (text in _CLOSES.values()) if text else 0
        commas += text == "," and depth == 1
        if depth == 0:
            return 0 if place == opening + 1 else commas + 1
    return commas + 1


# -- what a query means -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Column:
    """One column behind SELECT: its variable, and the place of the expression that gives it a value, if one does."""

    token: Token
    inside: range | None = None


class _Query:
    """The mistakes of meaning in a query whose brackets are whole: what has a value where, and how often."""

    def __init__(self, found: Sequence[Token]) -> None:
        self._found = found
        self._closing: dict[int, int] = {}
        self._faults: list[_Fault] = []
        waiting: list[int] = []
        for place, token in enumerate(found):
            if token.kind == "mark" and token.text in _CLOSES:
                waiting.append(place)
            elif token.kind == "mark" and token.text in _CLOSES.values():
                self._closing[waiting.pop()] = place

    def faults(self) -> list[_Fault]:
        """Every mistake that is known, in no order."""
        start = next((n for n, token in enumerate(self._found) if word_of(token) in Form.__members__), None)
        if start is not None:
            self._query(start, len(self._found))
        return self._faults

    def _add(self, place: int, key: str, fix: Sentence, **values: object) -> None:
        self._faults.append(_fault(self._found[place], key, fix, **values))

    def _text(self, place: int) -> str:
        return self._found[place].text if place < len(self._found) else ""

    def _word(self, place: int) -> str:
        return word_of(self._found[place]) if place < len(self._found) else ""

    # A query: its columns, its pattern, and what stands behind it.

    def _query(self, start: int, end: int) -> set[str]:
        """The variables that a query, or a query in a query, gives to what is around it."""
        form = self._word(start)
        columns, star, place = self._columns(start + 1, end) if form == "SELECT" else ([], -1, start + 1)
        template = self._text(place) == "{" and form == "CONSTRUCT"
        if template and self._closing[place] + 1 < end:
            place = self._closing[place] + 1
        while place < end and self._text(place) != "{":
            place += 1
        if place >= end:
            return set()
        visible = self._group(place)
        behind = range(self._closing[place] + 1, end)
        grouped = self._modifiers(behind)
        inside = [each.inside for each in columns if each.inside is not None]
        counts = any(self._aggregates(each) for each in (*inside, behind))
        names = self._check_columns(columns, visible)
        if form == "SELECT" and not columns and star < 0 and not self._faults:
            self._add(start, "query.no_columns", sentence("next.name_columns"))
        if grouped is not None or counts:
            if form != "SELECT":
                self._add(behind[0], "query.not_grouped", sentence("next.as_query"), name=form)
            self._check_groups(columns, star, grouped or set())
        return visible if star >= 0 else names

    def _columns(self, place: int, end: int) -> tuple[list[_Column], int, int]:
        """The columns, the place of `*` or -1, and the place behind them."""
        columns: list[_Column] = []
        star = -1
        while place < end and self._text(place) != "{" and self._word(place) not in {"WHERE", "FROM"}:
            token = self._found[place]
            if token.kind == "variable":
                columns.append(_Column(token))
            elif token.text == "(":
                close = self._closing[place]
                if self._word(close - 2) == "AS" and self._found[close - 1].kind == "variable":
                    columns.append(_Column(self._found[close - 1], range(place + 1, close - 2)))
                elif self._word(place - 1) in {"", "SELECT", "DISTINCT", "REDUCED"}:
                    self._add(place, "query.unnamed", sentence("next.name_column"))
                place = close
            elif token.text == "*":
                star = place
            elif token.text == ",":
                self._add(place, "query.comma", sentence("next.leave_out"))
            elif word_of(token) and self._text(place + 1) == "(":
                self._add(place, "query.unnamed", sentence("next.name_column"))
            place += 1
        return columns, star, place

    def _check_columns(self, columns: Sequence[_Column], visible: set[str]) -> set[str]:
        """See that each column has one value; their names."""
        names: set[str] = set()
        for column in columns:
            name = column.token.text[1:]
            if name in names:
                self._faults.append(_fault(column.token, "query.column_twice", sentence("next.leave_out"), name=name))
            elif column.inside is not None and name in visible:
                self._faults.append(_fault(column.token, "query.bound_twice", sentence("next.other_name"), name=name))
            names.add(name)
        return names

    def _check_groups(self, columns: Sequence[_Column], star: int, known: set[str]) -> None:
        if star >= 0:
            self._add(star, "query.star_grouped", sentence("next.name_columns"))
        known = set(known)
        for column in columns:
            used = [column.token] if column.inside is None else self._plain(column.inside)
            for token in used:
                name = token.text[1:]
                if name not in known:
                    fix = sentence("next.group", name=name)
                    self._faults.append(_fault(token, "query.ungrouped", fix, name=name))
            known.add(column.token.text[1:])

    def _modifiers(self, behind: range) -> set[str] | None:
        """The variables of GROUP BY; nothing without it. The parts behind a pattern have one order."""
        grouped: set[str] | None = None
        part, last = "", -1
        depth = 0
        for place in behind:
            token = self._found[place]
            depth += (token.text in _CLOSES) - (token.text in _CLOSES.values()) if token.kind == "mark" else 0
            name = {"OFFSET": "LIMIT"}.get(word_of(token), word_of(token))
            if depth == 0 and name in _MODIFIERS:
                if _MODIFIERS.index(name) < last:
                    self._add(place, "query.order", sentence("next.order"), name=word_of(token))
                part, last = name, max(last, _MODIFIERS.index(name))
                grouped = grouped or set() if name == "GROUP" else grouped
                if name == "LIMIT" and place + 1 in behind and not self._text(place + 1).isdigit():
                    self._add(place, "query.number", sentence("next.number"), name=word_of(token))
            elif part == "GROUP" and token.kind == "variable" and grouped is not None:
                is_name = word_of(self._found[place - 1]) == "AS"
                if depth == 0 or is_name:
                    grouped.add(token.text[1:])
        return grouped

    # A pattern: what has a value when it has been read.

    def _group(self, opening: int) -> set[str]:
        """The variables that can have a value behind the pattern between two braces."""
        end = self._closing[opening]
        if self._word(opening + 1) == "SELECT":
            return self._query(opening + 1, end)
        visible: set[str] = set()
        place = opening + 1
        while place < end:
            place = self._element(place, visible)
        return visible

    def _element(self, place: int, visible: set[str]) -> int:
        """Read what begins here, put what it gives a value into `visible`, and give the place behind it."""
        token, word = self._found[place], self._word(place)
        if word == "FILTER":
            return self._filter(place + 1)
        if word == "BIND" and self._text(place + 1) == "(":
            return self._bind(place + 1, visible)
        if word == "VALUES":
            return self._values(place + 1, visible)
        if word == "MINUS" and self._text(place + 1) == "{":
            self._group(place + 1)
            return self._closing[place + 1] + 1
        if token.kind == "mark" and token.text == "{":
            visible |= self._group(place)
            return self._closing[place] + 1
        if word in _AGGREGATES and self._text(place + 1) == "(":
            self._add(place, "query.aggregate", sentence("next.having"), name=word)
        elif word in {"HAVING", "GROUP", "ORDER", "LIMIT", "OFFSET"}:
            self._add(place, "query.inside", sentence("next.behind"), name=word)
        if token.kind == "variable":
            visible.add(token.text[1:])
        return place + 1

    def _filter(self, place: int) -> int:
        """A condition: no aggregate, and patterns of its own behind EXISTS."""
        if place < len(self._found) and self._found[place].kind in {"variable", "string", "number"}:
            self._add(place, "query.condition", sentence("next.brackets"))
            return place
        while self._word(place) in {"NOT", "EXISTS"}:
            place += 1
        if self._text(place) == "{":
            self._group(place)
            return self._closing[place] + 1
        if self._text(place) != "(":
            # The name of a function.
            if self._text(place + 1) != "(":
                return place
            self._refuse_aggregates(range(place, place + 1))
            place += 1
        close = self._closing[place]
        self._refuse_aggregates(range(place + 1, close))
        brace = place + 1
        while brace < close:
            if self._text(brace) == "{" and self._word(brace - 1) == "EXISTS":
                # What stands inside is looked at there, once.
                self._group(brace)
                brace = self._closing[brace]
            brace += 1
        return close + 1

    def _bind(self, opening: int, visible: set[str]) -> int:
        close = self._closing[opening]
        self._refuse_aggregates(range(opening + 1, close))
        if self._word(close - 2) != "AS":
            self._add(opening - 1, "query.bind", sentence("next.bind"))
        else:
            name = self._found[close - 1].text[1:]
            if name in visible:
                self._add(close - 1, "query.bound_twice", sentence("next.other_name"), name=name)
            visible.add(name)
        return close + 1

    def _values(self, place: int, visible: set[str]) -> int:
        """The variables of a block of values, each once, and rows with as many values."""
        if self._text(place) != "(":
            visible.add(self._text(place)[1:])
            rows = place + 1
        else:
            rows = self._closing[place] + 1
            names: list[str] = []
            for number in range(place + 1, rows - 1):
                name = self._text(number)[1:]
                if name in names:
                    self._add(number, "query.values_twice", sentence("next.leave_out"), name=name)
                names.append(name)
            visible |= set(names)
            if self._text(rows) == "{":
                self._rows(rows, len(names))
        return self._closing.get(rows, rows - 1) + 1

    def _rows(self, opening: int, wanted: int) -> None:
        place = opening + 1
        while place < self._closing[opening]:
            if self._text(place) != "(":
                place += 1
                continue
            close = self._closing[place]
            # A language or a datatype belongs to the text before it.
            inside = self._found[place + 1 : close]
            extra = sum(token.kind == "language" for token in inside) + 3 * sum(
                one.text == other.text == "^" for one, other in pairwise(inside)
            )
            signs = sum(token.text in {"+", "-"} for token in inside)
            if len(inside) - extra - signs != wanted:
                count = len(inside) - extra - signs
                self._add(place, "query.row", sentence("next.row"), count=count, wanted=wanted)
            place = close + 1

    def _refuse_aggregates(self, inside: range) -> None:
        for place in self._aggregates(inside):
            self._add(place, "query.aggregate", sentence("next.having"), name=self._word(place))

    def _aggregates(self, inside: range) -> list[int]:
        return [n for n in inside if self._word(n) in _AGGREGATES and self._text(n + 1) == "("]

    def _plain(self, inside: range) -> list[Token]:
        """The variables of an expression outside of its aggregates."""
        hidden = {n for each in self._aggregates(inside) for n in range(each, self._closing[each + 1])}
        return [self._found[n] for n in inside if n not in hidden and self._found[n].kind == "variable"]


def _misplaced(found: Sequence[Token], reached: int) -> _Fault | None:
    """The token that the grammar does not take, unless the engine took more than up to it."""
    stop = misplaced(found)
    if stop is None or not found or stop.place > reached:
        return _undeclared(found, reached)
    wanted = sentence(stop.wanted)
    example = sentence("next.write_for_example", example=EXAMPLES[stop.wanted])
    if stop.place == len(found):
        end = found[-1]
        words = sentence("query.missing", line=end.line, column=end.column + len(end.text), wanted=wanted)
        return _Fault(end, words, example)
    token = found[stop.place]
    before = found[stop.place - 1] if stop.place else token
    for each in (token, before):
        # A word that the grammar does not have may stand in front of the place where that is seen.
        is_slip = each.kind == "word" and len(each.text) >= _SHORTEST_SLIP and word_of(each) not in KEYWORDS
        near = get_close_matches(word_of(each), KEYWORDS, n=1, cutoff=0.75) if is_slip else []
        if near:
            fix = sentence("next.function_near", name=near[0])
            return _fault(each, "query.misplaced", fix, text=each.text, wanted=wanted)
    return _fault(token, "query.misplaced", example, text=token.text[:40], wanted=wanted)


def _undeclared(found: Sequence[Token], reached: int) -> _Fault | None:
    """A short name just before the place that the engine reached, whose prefix no line declares."""
    declared = {after.text for token, after in pairwise(found) if word_of(token) == "PREFIX"}
    for token in reversed(found[max(reached - 3, 0) : reached + 1]):
        prefix = token.text.partition(":")[0]
        if token.kind == "pname" and f"{prefix}:" not in declared:
            return _fault(token, "query.prefix", sentence("next.declare", name=prefix), name=prefix)
    return None


def _at(found: Sequence[Token], reached: int) -> _Fault | None:
    """What is seen at the very place: a text where a property stands, or a statement that is cut short."""
    for number in (reached - 1, reached - 2):
        if not 1 < number < len(found):
            continue
        token, before = found[number], [each.kind in _TERMS for each in found[max(number - 2, 0) : number]]
        if token.kind in {"string", "number"} and before[-1] and found[number - 2].text in _STARTS_STATEMENT:
            return _fault(token, "query.property", sentence("next.property"))
        if token.text in {"}", "."} and all(before) and found[number - 3].text in _STARTS_STATEMENT:
            return _fault(found[number - 1], "query.incomplete", sentence("next.statement"))
    return None
