"""The first token of a query that the grammar of SPARQL does not take at its place, and what belongs there.

An engine names the furthest character that it could read to, often inside a word. Here the tokens are walked as the
grammar has them (SPARQL 1.1 Query, 19.8), so that the very token is named. Only what an engine refused is walked: what
the grammar of a later SPARQL has beside is told as nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from citygraph.lexer import Token, word_of

_FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_LITERALS: Final = frozenset({"string", "number"})
_NAMES: Final = frozenset({"iri", "pname"})
_NODES: Final = frozenset({"variable", "iri", "pname", "blank"})
_SIGNS: Final = frozenset("+-*/")
_DEEPEST: Final = 200
_CLAUSES: Final = frozenset({"FILTER", "OPTIONAL", "MINUS", "GRAPH", "SERVICE", "BIND", "VALUES"})
_BEHIND: Final = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
KEYWORDS: Final = frozenset({
    *_FORMS, *_CLAUSES, *_BEHIND, "PREFIX", "BASE", "WHERE", "FROM", "NAMED", "DISTINCT", "REDUCED", "UNION", "AS", "BY", "ASC",
    "DESC", "EXISTS", "NOT", "IN", "SILENT", "UNDEF", "SEPARATOR",
})  # fmt: skip

EXAMPLES: Final = {
    "wanted.prefix": "PREFIX cg: <https://…>",
    "wanted.address": "PREFIX cg: <https://…>",
    "wanted.form": "SELECT ?thing WHERE { … }",
    "wanted.modifier": "{ … } ORDER BY ?thing LIMIT 10",
    "wanted.described": "DESCRIBE ?thing WHERE { … }",
    "wanted.name": "FROM <https://…>",
    "wanted.column": "SELECT ?thing (COUNT(?other) AS ?number)",
    "wanted.column_or_group": "SELECT ?thing ?other WHERE { … }",
    "wanted.as": "(COUNT(?other) AS ?number)",
    "wanted.variable": "?thing",
    "wanted.close": ")",
    "wanted.by": "ORDER BY ?thing",
    "wanted.condition": "ORDER BY DESC(?thing)",
    "wanted.having": "HAVING (COUNT(?thing) > 1)",
    "wanted.number": "LIMIT 10",
    "wanted.bracket": "BIND (STR(?thing) AS ?text)",
    "wanted.group": "OPTIONAL { ?thing a ?kind }",
    "wanted.end_of_query": "{ SELECT … { … } }",
    "wanted.graph": "GRAPH ?graph { … }",
    "wanted.subject": "?thing a ?kind .",
    "wanted.after_value": "?thing a ?kind . ?other a ?kind .",
    "wanted.property": "?thing a ?kind .",
    "wanted.step": "org:role/skos:broader",
    "wanted.value": "?thing a ?kind .",
    "wanted.close_blank": "[ a ?kind ]",
    "wanted.datatype": '"2020-11-05"^^xsd:date',
    "wanted.variables": "VALUES (?thing ?other) { (1 2) }",
    "wanted.data": "VALUES ?thing { 1 2 }",
    "wanted.row": "VALUES (?thing ?other) { (1 2) }",
    "wanted.datum": "VALUES ?thing { 1 2 }",
    "wanted.constraint": "FILTER (?number > 1)",
    "wanted.operator": "(?number > 1 && ?number < 9)",
    "wanted.in": "?thing NOT IN (1, 2)",
    "wanted.twice": "?one && ?other",
    "wanted.unequal": "?one != ?other",
    "wanted.exists": "NOT EXISTS { … }",
    "wanted.operand": "(?number > 1)",
    "wanted.arguments": "STR(?thing)",
    "wanted.argument_end": "CONCAT(?one, ?other)",
    "wanted.separator": 'GROUP_CONCAT(?name; SEPARATOR=", ")',
}
"""How a query goes on where something belongs (`wanted.…`)."""


class Misplaced(NamedTuple):
    """The place of a token among the tokens, their number for the end, and what belongs there (`wanted.…`)."""

    place: int
    wanted: str


class _Stop(Exception):  # noqa: N818  # how the walk ends, not an error of the program
    """The walk ended at a token."""

    def __init__(self, wanted: str = "") -> None:
        super().__init__(wanted)
        self.wanted = wanted


def misplaced(found: Sequence[Token]) -> Misplaced | None:
    """The first token that the grammar does not take; nothing when all are taken, or the query is of a later SPARQL."""
    walk = _Walk(found)
    try:
        walk.whole()
    except _Stop as stop:
        return Misplaced(walk.place, f"wanted.{stop.wanted}") if stop.wanted else None
    return None


class _Walk:
    """A walk over the tokens of one query; each method takes what its name says, or stops."""

    def __init__(self, found: Sequence[Token]) -> None:
        self._found = found
        self._depth = 0
        self.place = 0

    # One token.

    @property
    def _token(self) -> Token | None:
        return self._found[self.place] if self.place < len(self._found) else None

    @property
    def _kind(self) -> str:
        return self._token.kind if self._token else ""

    def _is(self, *texts: str) -> bool:
        """Whether a mark, or a word in capitals, comes next."""
        token = self._token
        return token is not None and (word_of(token) in texts or (token.kind == "mark" and token.text in texts))

    def _takes(self, *texts: str) -> bool:
        is_next = self._is(*texts)
        self.place += is_next
        return is_next

    def _want(self, wanted: str, *texts: str) -> None:
        if not self._takes(*texts):
            raise _Stop(wanted)

    def _want_kind(self, wanted: str, kinds: frozenset[str] | set[str]) -> None:
        if self._kind not in kinds:
            raise _Stop(wanted)
        self.place += 1

    def _many(self, starts: Callable[[], bool], take: Callable[[], None], wanted: str) -> None:
        """One or more."""
        if not starts():
            raise _Stop(wanted)
        while starts():
            take()

    # A query.

    def whole(self) -> None:
        """The prologue, one query, and nothing behind it."""
        while self._is("PREFIX", "BASE"):
            if self._takes("PREFIX"):
                if self._kind != "pname" or not (self._token and self._token.text.endswith(":")):
                    raise _Stop("prefix")
                self.place += 1
            else:
                self.place += 1
            self._want_kind("address", {"iri"})
        if not self._is(*_FORMS):
            raise _Stop("form")
        self._query()
        if self._token is not None:
            raise _Stop("modifier")

    def _query(self) -> None:
        form = self._found[self.place]
        self.place += 1
        match word_of(form):
            case "SELECT":
                self._columns()
            case "DESCRIBE" if not self._takes("*"):
                self._many(lambda: self._kind in {"variable", "iri", "pname"}, self._one, "described")
        template = word_of(form) == "CONSTRUCT" and self._is("{")
        if template:
            self._group()
        while self._takes("FROM"):
            self._takes("NAMED")
            self._want_kind("name", _NAMES)
        if word_of(form) != "DESCRIBE" or self._is("WHERE", "{"):
            self._takes("WHERE")
            self._group()
        self._modifiers()

    def _one(self) -> None:
        self.place += 1

    def _columns(self) -> None:
        self._takes("DISTINCT") or self._takes("REDUCED")
        if not self._takes("*"):
            self._many(lambda: self._kind == "variable" or self._is("("), self._column, "column")
        if not self._is("{", "WHERE", "FROM"):
            raise _Stop("column_or_group")

    def _column(self) -> None:
        if self._takes("("):
            self._expression()
            self._want("as", "AS")
            self._want_kind("variable", {"variable"})
            self._want("close", ")")
        else:
            self.place += 1

    def _modifiers(self) -> None:
        if self._takes("GROUP"):
            self._want("by", "BY")
            self._many(lambda: self._kind == "variable" or self._is_constraint(), self._condition, "condition")
        if self._takes("HAVING"):
            self._many(self._is_constraint, self._constraint, "having")
        if self._takes("ORDER"):
            self._want("by", "BY")
            starts = lambda: self._is("ASC", "DESC") or self._kind == "variable" or self._is_constraint()  # noqa: E731
            self._many(starts, self._condition, "condition")
        while self._takes("LIMIT", "OFFSET"):
            self._want_kind("number", {"number"})
        if self._takes("VALUES"):
            self._data()

    def _is_constraint(self) -> bool:
        """Whether a bracketed expression or a call comes next."""
        after = self._found[self.place + 1] if self.place + 1 < len(self._found) else None
        is_name = self._kind in _NAMES or (self._kind == "word" and not self._is(*KEYWORDS))
        is_absence = self._is("NOT") and after is not None and word_of(after) == "EXISTS"
        return self._is("(", "EXISTS") or is_absence or (is_name and after is not None and after.text == "(")

    def _condition(self) -> None:
        if self._takes("ASC", "DESC") and not self._is("("):
            raise _Stop("bracket")
        if self._takes("("):
            self._expression()
            if self._takes("AS"):
                self._want_kind("variable", {"variable"})
            self._want("close", ")")
        else:
            self._operand()

    # A group.

    def _group(self) -> None:
        self._want("group", "{")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Stop
        if self._is("SELECT"):
            self._query()
            self._want("end_of_query", "}")
        else:
            while not self._takes("}"):
                self._part()
        self._depth -= 1

    def _part(self) -> None:
        """A clause, a group, or statements up to their dot."""
        match word_of(self._token) if self._token else "":
            case "FILTER":
                self.place += 1
                self._constraint()
            case "OPTIONAL" | "MINUS":
                self.place += 1
                self._group()
            case "GRAPH" | "SERVICE":
                self.place += 1
                self._takes("SILENT")
                self._want_kind("graph", {"variable", *_NAMES})
                self._group()
            case "BIND":
                self.place += 1
                self._want("bracket", "(")
                self._expression()
                self._want("as", "AS")
                self._want_kind("variable", {"variable"})
                self._want("close", ")")
            case "VALUES":
                self.place += 1
                self._data()
            case _ if self._is("{"):
                self._group()
                while self._takes("UNION"):
                    self._group()
            case _:
                self._statements()
                return
        self._takes(".")

    def _statements(self) -> None:
        bare = self._is("[", "(")
        self._node("subject")
        if not (bare and self._is(".", "}", "{", *_CLAUSES)):
            self._properties()
        if not self._takes(".") and not self._is("}", "{", *_CLAUSES):
            raise _Stop("after_value")

    def _properties(self) -> None:
        self._property()
        while self._takes(";"):
            if self._kind in {"variable", *_NAMES} or self._is("A", "^", "!", "("):
                self._property()

    def _property(self) -> None:
        if self._kind == "variable":
            self.place += 1
        else:
            self._path("property")
        self._node("value")
        while self._takes(","):
            self._node("value")

    def _path(self, wanted: str) -> None:
        while True:
            self._takes("^")
            if self._takes("!"):
                wanted = "step"
                self._takes("^")
            if self._takes("("):
                if not self._takes(")"):
                    self._path("step")
                    self._want("close", ")")
            elif self._is("A") or self._kind in _NAMES:
                self.place += 1
            else:
                raise _Stop(wanted)
            self._takes("*", "+", "?")
            if not self._takes("/", "|"):
                return
            wanted = "step"

    def _node(self, wanted: str) -> None:
        """A subject or a value: a term, `[ … ]` or a list."""
        if self._kind in _NODES:
            self.place += 1
        elif self._takes("["):
            if not self._is("]"):
                self._properties()
            self._want("close_blank", "]")
        elif self._takes("("):
            while not self._takes(")"):
                self._node("value")
        elif self._is("<"):
            raise _Stop
        elif wanted == "value":
            self._literal(wanted)
        else:
            raise _Stop(wanted)

    def _literal(self, wanted: str) -> None:
        if self._takes("TRUE", "FALSE"):
            return
        self._takes("+", "-")
        is_text = self._kind == "string"
        self._want_kind(wanted, _LITERALS)
        if is_text and self._kind == "language":
            self.place += 1
        elif is_text and self._takes("^"):
            self._want("datatype", "^")
            self._want_kind("datatype", _NAMES)

    def _data(self) -> None:
        several = self._takes("(")
        if several:
            while self._kind == "variable":
                self.place += 1
            self._want("variables", ")")
        else:
            self._want_kind("variables", {"variable"})
        self._want("data", "{")
        while not self._takes("}"):
            if several:
                self._want("row", "(")
                while not self._takes(")"):
                    self._datum()
            else:
                self._datum()

    def _datum(self) -> None:
        if self._kind in _NAMES:
            self.place += 1
        elif not self._takes("UNDEF"):
            self._literal("datum")

    # An expression.

    def _constraint(self) -> None:
        if self._takes("("):
            self._expression()
            self._want("operator", ")")
        elif self._is_constraint():
            self._operand()
        else:
            raise _Stop("constraint")

    def _expression(self) -> None:
        """Operands with operators between them; of comparisons one, until && or ||."""
        self._operand()
        is_compared = False
        while True:
            before = self.place
            if self._takes("&", "|"):
                self._want("twice", self._found[before].text)
                is_compared = False
                self._operand()
            elif self._takes(*_SIGNS):
                self._operand()
            elif self._is("!", "<", ">", "=", "IN", "NOT"):
                if is_compared:
                    raise _Stop("operator")
                is_compared = True
                self._comparison()
            else:
                return

    def _comparison(self) -> None:
        if self._takes("NOT"):
            self._want("in", "IN")
            self._list()
        elif self._takes("IN"):
            self._list()
        else:
            if self._takes("!"):
                self._want("unequal", "=")
            elif self._takes("<", ">"):
                self._takes("=")
            else:
                self.place += 1
            self._operand()

    def _operand(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Stop
        while self._takes("!", "-", "+"):
            pass
        if self._takes("NOT"):
            self._want("exists", "EXISTS")
            self._group()
        elif self._takes("EXISTS"):
            self._group()
        elif self._takes("("):
            self._expression()
            self._want("operator", ")")
        elif self._kind == "variable":
            self.place += 1
        elif self._kind in _NAMES or (self._kind == "word" and not self._is("TRUE", "FALSE", *KEYWORDS)):
            is_name = self._kind in _NAMES
            self.place += 1
            if not is_name or self._is("("):
                self._list()
        else:
            self._literal("operand")
        self._depth -= 1

    def _list(self) -> None:
        """What stands in the brackets of a call or behind IN."""
        self._want("arguments", "(")
        if not self._takes("DISTINCT") and self._takes(")"):
            return
        if not self._takes("*"):
            self._expression()
            while self._takes(","):
                self._expression()
        if self._takes(";"):
            self._want("separator", "SEPARATOR")
            self._want("separator", "=")
            self._want_kind("separator", {"string"})
        self._want("argument_end", ")")
