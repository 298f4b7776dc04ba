"""A query as text: its tokens, form, columns and patterns, what it must not contain, and what is put into it.

The engine parses queries for real; this reader only answers what has to be known before the engine
may see the text (SPARQL 1.1 Query, section 19), because a few kilobytes of nested brackets end the
process that parses them and `SERVICE` reaches any address.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product
from typing import Any, Final, TypeAlias

from citygraph import lexer
from citygraph.errors import QueryError
from citygraph.lexer import Token, bare_name, unescaped, word_of
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, from_rdflib

# A SERVICE clause wherever it stands. Oxigraph reads without tokens: it takes `trueSERVICE<x>{` and `SERVICESILENT`,
# and a comparison where we see an IRI. So no string, comment or IRI may hide the words; names may contain them.
_SERVICE: Final = re.compile(r"[?$]\w+|:[\w.\-]+|(?P<service>service)", re.IGNORECASE)
_SILENT: Final = re.compile("silent", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"[?$]\w+")
_SPACES: Final = re.compile(r"\s*+")
_NAME: Final = re.compile(r"[^\s{}<>\"'#]*+")
# A string about whose end no two engines differ: it holds no stroke and no mark of its own, and none follows it.
_PLAIN_STRING: Final = re.compile(r"(?:\"\"\"[^\"\\]*\"\"\"|'''[^'\\]*'''|\"[^\"\\\n\r]*\"|'[^'\\\n\r]*')(?![\"'])")
_UPDATES: Final = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"})
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


Pattern: TypeAlias = tuple[Iri | Literal | str, Iri | str, Iri | Literal | str]
"""Subject, predicate and object; a variable is its name."""


class Form(StrEnum):
    """The four query forms (SPARQL 1.1 Query, section 16)."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"


@dataclass(frozen=True, slots=True)
class QueryText:
    """What can be known about a query before an engine reads it.

    `columns` are the projected variables in the order of the text; for `SELECT *` every variable in
    the order of its first appearance. `grouped` is `None` without `GROUP BY`. `patterns` are those of `REGEX` and `REPLACE`
    that stand in the text, each with its flags as they are written.
    """

    form: Form
    columns: tuple[str, ...]
    variables: frozenset[str]
    grouped: frozenset[str] | None
    uses_service: bool
    star: bool
    patterns: tuple[tuple[Token, str], ...] = ()


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query, comments and white space left out."""
    return (token for token in lexer.tokens(text, lexer.SPARQL) if token.kind != "comment")


def iris_of(text: str, *, prefixes: Mapping[str, str]) -> dict[str, Token]:
    """The addresses that a query speaks of, each with the token that first names it.

    See `iris_among`.
    """
    return iris_among(tokens(text), prefixes=prefixes)


def iris_among(read: Iterable[Token], *, prefixes: Mapping[str, str]) -> dict[str, Token]:
    """The addresses that the tokens of a query speak of, each with the token that first names it.

    What declares a prefix or chooses a graph, datatypes, words of RDF and OWL themselves, and names whose prefix nobody
    declares are left out.

    Args:
        read: the tokens of the query.
        prefixes: those that it may use without declaring them; its own count before them.
    """
    known, found = dict(prefixes), dict[str, Token]()
    before = ("", "")
    for token in read:
        if token.kind == "iri" and before[0] == "PREFIX":
            known[before[1][:-1]] = token.text[1:-1]
        elif before == ("^", "^") or before[1] in _NAMES_A_GRAPH:
            pass
        elif token.kind == "iri":
            found.setdefault(unescaped(token.text[1:-1]), token)
        elif token.kind == "pname" and before[1] != "PREFIX":
            prefix, _, local = token.text.partition(":")
            if prefix in known:
                found.setdefault(known[prefix] + bare_name(local), token)
        before = (before[1], token.text.upper() if token.kind == "word" else token.text)
    return {iri: token for iri, token in found.items() if not iri.startswith(OF_SPARQL)}


OF_SPARQL: Final = tuple(PREFIXES[prefix] for prefix in ("rdf", "rdfs", "owl", "xsd"))
"""How the words of RDF and OWL themselves begin, which a query may use whatever the graph holds."""
_NAMES_A_GRAPH: Final = frozenset({"BASE", "GRAPH", "FROM", "NAMED", "SERVICE"})


def read_query(text: str, *, most_characters: int = 100_000, deepest: int = 200) -> QueryText:
    """Check that `text` is one query of bounded size, and say what it asks for.

    Raises:
        QueryError: it is too long, nests too deep, or is an update and not a query.
    """
    return read_query_tokens(text, most_characters=most_characters, deepest=deepest)[0]


def read_query_tokens(text: str, *, most_characters: int, deepest: int) -> tuple[QueryText, list[Token]]:
    """The same, with the tokens of the text, which are found only once.

    Raises:
        QueryError: see `read_query`.
    """
    if len(text) > most_characters:
        message = sentence("limit.size", size=len(text), most=most_characters)
        raise QueryError(message, fix=sentence("next.less_or_size"))
    # SPARQL 1.1 Query, 19.2 replaces escapes before the grammar is applied; Oxigraph does it inside terms
    # alone. What one reading hides in a string the other one runs, so the text must be harmless in both.
    other = lexer.unescaped(text)
    found = list(tokens(text))
    _check_depth(found, deepest)
    if other != text:
        _check_depth(list(tokens(other)), deepest)
    keywords = [(position, token.text.upper()) for position, token in enumerate(found) if token.kind == "word"]
    start = next(((position, word) for position, word in keywords if word in Form.__members__), None)
    update = next(((position, word) for position, word in keywords if word in _UPDATES), None)
    if update is not None and (start is None or update[0] < start[0]):
        token = found[update[0]]
        message = sentence("query.update", line=token.line, word=token.text)
        raise QueryError(message, fix=sentence("next.change_files"))
    if start is None:
        raise QueryError(sentence("query.no_form"), fix=sentence("next.start_with"))
    form = Form[start[1]]
    variables = tuple(dict.fromkeys(token.text[1:] for token in found if token.kind == "variable"))
    columns, star = _columns(found, start[0], variables) if form is Form.SELECT else ((), False)
    read = QueryText(
        form=form,
        columns=columns,
        variables=frozenset(variables),
        grouped=_grouped(found),
        uses_service=any(word == "SERVICE" for _, word in keywords) or _has_service(text) or _has_service(other),
        star=star,
        patterns=tuple(_regular_expressions(found, keywords)),
    )
    return read, found


def _regular_expressions(found: Sequence[Token], keywords: Iterable[tuple[int, str]]) -> Iterator[tuple[Token, str]]:
    """The patterns that are written out, with their flags: the second argument of `REGEX` and `REPLACE`, and the last."""
    for position, word in keywords:
        if word not in {"REGEX", "REPLACE"} or position + 1 >= len(found) or found[position + 1].text != "(":
            continue
        arguments: list[list[Token]] = [[]]
        depth = 0
        for token in found[position + 1 :]:
            depth += (token.text == "(") - (token.text == ")") if token.kind == "mark" else 0
            if depth == 0:
                break
            if token.text == "," and depth == 1:
                arguments.append([])
            else:
                arguments[-1].append(token)
        flags = arguments[2:] if word == "REGEX" else arguments[3:]
        is_written = all(len(each) == 1 and each[0].kind == "string" for each in (*arguments[1:2], *flags))
        if len(arguments) > 1 and is_written:
            yield arguments[1][0], flags[0][0].text if flags else '""'


def _has_service(text: str) -> bool:
    """Whether a SERVICE clause stands anywhere but in a comment or a string that every engine reads as one.

    What looks like an IRI may be a comparison to an engine, and then the `#` or the `'` in it begins a comment or a
    string. Behind such an IRI nothing is known to be hidden, but for those of PREFIX and BASE at the beginning.
    """
    hidden: list[tuple[int, int]] | None = None
    for start in _Clauses(text).starts():
        hidden = _hidden(text) if hidden is None else hidden
        place = bisect_right(hidden, (start, len(text))) - 1
        if place < 0 or hidden[place][1] <= start:
            return True
    return False


class _Clauses:
    """What looks like a SERVICE clause; whatever the text is, each part of it is read a few times at most."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_ends = [*(match.start() for match in re.finditer(r"[\n\r]", text)), len(text)]
        self._gaps: dict[int, int] = {}
        self._name = range(0)

    def starts(self) -> Iterator[int]:
        """Where each begins."""
        for match in _SERVICE.finditer(self._text):
            if match.lastgroup == "service" and self._is_clause(match.end()):
                yield match.start()

    def _is_clause(self, place: int) -> bool:
        """Whether an address and a pattern stand behind the word that ends here."""
        place = self._behind_gap(place)
        if silent := _SILENT.match(self._text, place):
            place = self._behind_gap(silent.end())
        return any(self._text.startswith("{", self._behind_gap(end)) for end in self._behind_address(place))

    def _behind_gap(self, place: int) -> int:
        """Where the spaces and comments that begin here end."""
        passed = []
        while place not in self._gaps:
            passed.append(place)
            after = _SPACES.match(self._text, place).end()  # type: ignore[union-attr]  # no space is a match too
            if not self._text.startswith("#", after):
                self._gaps[place] = after
                break
            place = self._line_ends[bisect_left(self._line_ends, after)]
        end = self._gaps[place]
        self._gaps.update(dict.fromkeys(passed, end))
        return end

    def _behind_address(self, place: int) -> Iterator[int]:
        """Where an IRI, a variable or a name with a colon that begins here may end."""
        if self._text.startswith("<", place) and (end := self._text.find(">", place)) > 0:
            yield end + 1
        if variable := _VARIABLE.match(self._text, place):
            yield variable.end()
        if place not in self._name:
            self._name = range(place, _NAME.match(self._text, place).end())  # type: ignore[union-attr]  # as above
        if self._text.find(":", place, self._name.stop) >= 0:
            yield self._name.stop


def _hidden(text: str) -> list[tuple[int, int]]:
    """The places of the comments and strings of a text, up to where engines may differ about them."""
    hidden: list[tuple[int, int]] = []
    is_prologue = True
    for token in lexer.tokens(text, lexer.SPARQL):
        is_plain = token.kind == "string" and _PLAIN_STRING.match(text, token.start) is not None
        if is_plain or token.kind == "comment":
            hidden.append((token.start, token.end))
            continue
        is_prologue = is_prologue and (token.kind in {"pname", "iri"} or word_of(token) in {"PREFIX", "BASE"})
        is_clear = is_prologue or (token.text != "<" and (token.kind != "iri" or not set("#'") & set(token.text)))
        if not is_clear or token.kind == "string" or token.text in {"'", '"'}:
            break
    return hidden


def _check_depth(found: list[Token], deepest: int) -> None:
    depth = 0
    for token in found:
        # What looks like an IRI may be a comparison with brackets: `FILTER(1<((2))>0)`.
        if token.kind not in {"mark", "iri"}:
            continue
        marks = token.text
        if token.kind == "iri" and not any(mark in marks for mark in _OPEN):
            # Nothing opens in it, and what closes in an IRI counts for nothing.
            continue
        opened = sum(mark in _OPEN for mark in marks)
        if depth + opened > deepest:
            raise QueryError(sentence("limit.depth", line=token.line, most=deepest), fix=sentence("next.simpler"))
        closed = sum(mark in _CLOSE for mark in marks)
        depth += opened - closed if token.kind == "mark" else max(opened - closed, 0)


def _columns(found: list[Token], start: int, variables: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The projection behind SELECT: plain variables and the `?x` of `(… AS ?x)` at depth one."""
    columns: list[str] = []
    depth, after_as = 0, False
    for token in found[start + 1 :]:
        if token.kind == "mark" and token.text in _OPEN | _CLOSE:
            if token.text == "{":
                break
            depth += 1 if token.text in _OPEN else -1
        elif token.kind == "mark" and token.text == "*" and depth == 0:
            return variables, True
        elif token.kind == "word" and token.text.upper() in {"WHERE", "FROM"} and depth == 0:
            break
        elif token.kind == "word":
            after_as = token.text.upper() == "AS"
            continue
        elif token.kind == "variable" and (depth == 0 or (depth == 1 and after_as)):
            columns.append(token.text[1:])
        after_as = False
    return tuple(dict.fromkeys(columns)), False


def _grouped(found: list[Token]) -> frozenset[str] | None:
    """The variables of the last GROUP BY outside all braces, which is the one of the outer query."""
    depth, grouped, inside = 0, None, False
    collected: set[str] = set()
    for token in found:
        word = token.text.upper() if token.kind == "word" else ""
        if token.kind == "mark" and token.text in "{}":
            depth += 1 if token.text == "{" else -1
        if depth == 0 and word == "GROUP":
            grouped, inside, collected = True, True, set()
        elif inside and word in {"HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"}:
            inside = False
        elif inside and token.kind == "variable":
            collected.add(token.text[1:])
    return frozenset(collected) if grouped else None


# -- what a row of an answer rests on ------------------------------------------------------------------


def triple_patterns(text: str, *, prefixes: Mapping[str, str]) -> list[Pattern]:
    """The triple patterns that can hold in a row, as rdflib reads them: those of the outer query, its OPTIONALs, UNIONs and graphs.

    What stands in FILTER, MINUS or behind a property path is left out: it is no single statement.

    Raises:
        QueryError: rdflib cannot read the query.
    """
    from pyparsing import ParseException  # noqa: PLC0415  # rdflib and its parser cost a third of a second
    from rdflib.plugins.sparql import prepareQuery  # noqa: PLC0415

    try:
        algebra = prepareQuery(text, initNs=dict(prefixes)).algebra
    except (ParseException, NotImplementedError, ValueError, KeyError, TypeError) as error:
        raise QueryError(sentence("query.apart", why=error)) from error
    return list(dict.fromkeys(_patterns(algebra)))


def _patterns(node: Any) -> Iterator[Pattern]:  # noqa: ANN401  # rdflib's algebra has no types
    name = getattr(node, "name", "")
    if name == "BGP":
        yield from (pattern for triple in node.triples if (pattern := _pattern(triple)) is not None)
        return
    parts = ("p1",) if name == "Minus" else ("p", "p1", "p2")
    for part in parts:
        inner = node.get(part) if hasattr(node, "get") else None
        if inner is not None and hasattr(inner, "name"):
            yield from _patterns(inner)


def _pattern(triple: tuple[Any, Any, Any]) -> Pattern | None:
    """One pattern in our terms; nothing for a property path."""
    from rdflib.term import BNode, Literal, URIRef, Variable  # noqa: PLC0415

    terms: list[Any] = []
    for each in triple:
        if isinstance(each, Variable | BNode):
            terms.append(str(each))
        elif isinstance(each, URIRef | Literal):
            terms.append(from_rdflib(each))
        else:
            return None
    return (terms[0], terms[1], terms[2])


def values_block(names: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> str:
    r"""A `VALUES` block; terms write themselves, escaped, so that no value can become query text.

    >>> from citygraph.rdf import Iri, Literal
    >>> values_block(["a", "b"], [[Iri("https://example.org/x"), Literal('"} #')], [None, Literal("1")]])
    'VALUES (?a ?b) { (<https://example.org/x> "\\"} #") (UNDEF "1") }'

    Raises:
        ValueError: a blank node or a triple, which a `VALUES` block cannot hold.
    """
    lines: list[str] = []
    for row in rows:
        if any(isinstance(term, BlankNode | Triple) for term in row):
            message = "only IRIs and literals can be given to a query"
            raise ValueError(message)
        lines.append(f"({' '.join('UNDEF' if term is None else str(term) for term in row)})")
    return f"VALUES ({' '.join(f'?{name}' for name in names)}) {{ {' '.join(lines)} }}"


def every_combination(values: Mapping[str, Sequence[Term]]) -> str:
    r"""One `VALUES` block with every combination: a query takes one block behind it (grammar rule 28).

    >>> from citygraph.rdf import Literal
    >>> every_combination({"a": [Literal("1"), Literal("2")], "b": [Literal("3")]})
    'VALUES (?a ?b) { ("1" "3") ("2" "3") }'

    Raises:
        ValueError: a blank node or a triple.
    """
    rows = values_block(list(values), product(*values.values()))
    if len(values) > 1:
        return rows
    # Virtuoso 7.2.5 loses conditions on a variable whose one value stands in brackets of its own.
    ((name, terms),) = values.items()
    return f"VALUES ?{name} {{ {' '.join(map(str, terms))} }}"


_BY_CHANCE: Final = frozenset({"RAND", "UUID", "STRUUID", "NOW", "BNODE"})


def with_values(text: str, values: Mapping[str, Sequence[Term]]) -> str:
    """The query with values for some of its variables, first in its pattern so that the server begins there.

    Behind the query they would be joined when everything else is done, which can take minutes. They stand there
    all the same when the pattern cannot take them: a variable that gets its value by `AS`, or a query in the query.
    """
    if not values:
        return text
    found = list(tokens(text))
    assigned = {after.text[1:] for token, after in pairwise(found) if token.text.upper() == "AS"}
    place = None if assigned & values.keys() else _inside(found)
    if place is None:
        return f"{text}\n{every_combination(values)}"
    at = found[place].end
    return f"{text[:at]}\n{every_combination(values)} {text[at:]}"


def counting(text: str) -> str | None:
    """The same SELECT asked for the number of its rows, as `?n`; nothing when chance decides how many they are."""
    found = list(tokens(text))
    if any(token.kind == "word" and token.text.upper() in _BY_CHANCE for token in found):
        return None
    select = next(token for token in found if token.kind == "word" and token.text.upper() == Form.SELECT)
    start = select.start
    return f"{text[:start]}SELECT (COUNT(*) AS ?n) WHERE {{ {{ {text[start:]}\n}} }}"


def solutions_of(text: str) -> str | None:
    """The solutions that a CONSTRUCT makes its triples of, as a SELECT; nothing when it groups them."""
    found = list(tokens(text))
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    start = words.index(Form.CONSTRUCT)
    if "GROUP" in words[start:]:
        return None
    after, depth = start + 1, 0
    while words[start + 1] != "WHERE":
        depth += {"{": 1, "}": -1}.get(found[after].text, 0) if found[after].kind == "mark" else 0
        after += 1
        if depth == 0:
            break
    return f"{text[: found[start].start]}SELECT * {text[found[after].start :]}"


def without_order(text: str, columns: Container[str]) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """A SELECT without its ORDER BY, and what that sorts by: each of its columns, and whether it descends.

    The text comes back as it is, with nothing to sort by, when its end is anything but an ORDER BY of its `columns`.
    """
    found, depth, at = list(tokens(text)), 0, None
    for place, token in enumerate(found):
        depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth == 0 and token.kind == "word" and word_of(token) == "ORDER":
            at = place
    if at is None:
        return text, ()
    order = " ".join(token.text for token in found[at + 2 :])
    if not _SINGLE_VARIABLES.fullmatch(order):
        return text, ()
    keys = tuple((variable, bool(word)) for word, variable in _SORTED_BY.findall(order))
    return (text[: found[at].start], keys) if all(name in columns for name, _ in keys) else (text, ())


_SORTED_BY: Final = re.compile(r"(?:ASC \( )?(DESC \( )?[?$](\w+)(?: \))?", re.IGNORECASE)
_SINGLE_VARIABLES: Final = re.compile(r"(?:(?:[?$]\w+|(?:ASC|DESC) \( [?$]\w+ \)) ?)+", re.IGNORECASE)


def without_limit(text: str) -> tuple[str, int | None, bool]:
    """A SELECT without its LIMIT and OFFSET, the number of the LIMIT, and whether there was either.

    >>> without_limit("SELECT ?s { { SELECT ?s { ?s ?p ?o } LIMIT 9 } } LIMIT 2 OFFSET 1")
    ('SELECT ?s { { SELECT ?s { ?s ?p ?o } LIMIT 9 } }  ', 2, True)
    """
    found, depth, most, pieces, place = list(tokens(text)), 0, None, [], 0
    for word, number in pairwise(found):
        depth += {"{": 1, "}": -1}.get(word.text, 0) if word.kind == "mark" else 0
        if (
            depth == 0
            and word.kind == "word"
            and (name := word_of(word)) in {"LIMIT", "OFFSET"}
            and number.text.isdigit()
        ):
            most = int(number.text) if name == "LIMIT" else most
            pieces.append(text[place : word.start])
            place = number.end
    return "".join([*pieces, text[place:]]), most, bool(pieces)


def with_every_variable(text: str) -> str:
    """The SELECT with `*` instead of its columns: a row of it has every variable that its pattern binds."""
    found = list(tokens(text))
    select = next(
        number for number, token in enumerate(found) if token.kind == "word" and word_of(token) == Form.SELECT
    )
    pattern = next((t for t in found[select:] if word_of(t) == "WHERE" or (t.kind == "mark" and t.text == "{")), None)
    return f"{text[: found[select].start]}SELECT * {text[pattern.start :] if pattern else ''}"


def _inside(found: Sequence[Token]) -> int | None:
    """The brace that opens the pattern of a SELECT or ASK; nothing for other forms, or before a query in the query."""
    form, depth = "", 0
    for place, token in enumerate(found):
        if not form and token.kind == "word" and token.text.upper() in Form.__members__:
            form = token.text.upper()
        elif token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif form and token.kind == "mark" and token.text == "{" and not depth:
            is_query = place + 1 < len(found) and found[place + 1].text.upper() == Form.SELECT
            return None if is_query or form not in {Form.SELECT, Form.ASK} else place
    return None


def with_prefixes(text: str, prefixes: Mapping[str, str]) -> str:
    """The query with the prefixes declared that it may use without declaring them."""
    lines = [f"PREFIX {name}: {Iri(iri)}\n" for name, iri in prefixes.items() if f"{name}:" in text]
    return "".join(lines) + text


def check_values(query: QueryText, names: Iterable[str]) -> None:
    """See that each variable that gets a value is a column, and of `GROUP BY` when there is one.

    Raises:
        QueryError: one is not, and its value would not reach every row.
    """
    for name in names:
        if query.form is Form.SELECT and name not in query.columns:
            message = sentence("snapshots.parameter_column", name=name)
            raise QueryError(message, fix=sentence("snapshots.behind_select", name=name))
        if query.grouped is not None and name not in query.grouped:
            message = sentence("snapshots.parameter_group", name=name)
            raise QueryError(message, fix=sentence("snapshots.write_group", name=name))
