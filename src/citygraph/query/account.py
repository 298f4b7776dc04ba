"""What an answer leaves out: rows that do not hold on its day, with the reason, and how many of each kind there are.

A saved question is asked twice: of what holds on the day, and of everything, time lifted (`graphs.LIFTED`). The rows that
only the second gives are no part of the answer; the facts that they cite, and the things in them, say why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from citygraph.as_of import DatedStatus, FactStatus
from citygraph.errors import QueryError, StoreTimeout
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import PREFIXES
from citygraph.query.counted import CountingQuery, CountsBeside, counting_of, counts_beside
from citygraph.query.names import MANY, ask_about
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Answer, Row, Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sparql.text import (
    Pattern,
    iris_of,
    triple_patterns,
    values_block,
    with_every_variable,
    without_limit,
    without_order,
)
from citygraph.store import Store
from citygraph.store.memory import DEFAULT_GRAPH

if TYPE_CHECKING:
    from citygraph.query.citations import Citation
    from citygraph.query.lists import ListCount

_Key = TypeVar("_Key")
_STATUS: Final = """
PREFIX cg: <https://w3id.org/citygraph/ontology#>
SELECT ?fact ?status ?date WHERE {
  {values}
  GRAPH ?facts { ?fact cg:status ?status . OPTIONAL { ?fact cg:statusDate ?date } }
}
"""
_CLAIMS: Final = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT ?s ?p ?o ?claim WHERE {
  {values}
  ?claim rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o .
}
"""
_TIED: Final = """
PREFIX cg: <https://w3id.org/citygraph/ontology#>
SELECT DISTINCT ?thing ?fact ?property ?status ?date WHERE {
  {values}
  ?fact ?property ?thing .
  GRAPH ?facts { ?fact cg:status ?status . OPTIONAL { ?fact cg:statusDate ?date } }
}
"""
_A_THING: Final = 1000
"""How much more it says that a fact ties a thing than that the question speaks of how."""
_FILLED: Final = "SELECT ?graph WHERE { {values} FILTER EXISTS { GRAPH ?graph { ?s ?p ?o } } }"
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")
_MOST_TOLD: Final = 5
_MOST_IN_HEADER: Final = 10
_LONGEST_TEXT: Final = 200
_PLAIN: Final = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"
_NUMBERS: Final = frozenset(PREFIXES["xsd"] + name for name in ("integer", "decimal", "double", "float"))
_WORST: Final = (FactStatus.REJECTED, FactStatus.NOT_YET, FactStatus.ENDED, FactStatus.LAST_KNOWN, FactStatus.UNDATED)
"""Of several facts behind one row the first of these says what the row is."""
_SAYS_MOST: Final = (
    FactStatus.LAST_KNOWN, FactStatus.UNDATED, FactStatus.ENDED, FactStatus.NOT_YET, FactStatus.REJECTED,
)  # fmt: skip
"""Of several facts that say one and the same row the first of these is what it is."""
_SPELLED: Final = {status.concept: status for status in FactStatus}


@dataclass(frozen=True, slots=True)
class OtherTimes:
    """What of a version does not hold on its day.

    Attributes:
        day: the day that the version holds for.
        graphs: the names of the graphs, by `graphs.LIFTED`; none when the version has none.
    """

    day: str
    graphs: Sequence[Iri] = ()


@dataclass(frozen=True, slots=True)
class OtherRow:
    """A row that is no part of the answer, why, and the date that decides (empty without one).

    `whole` has all columns of the query; `sources` is empty unless sources were asked for.
    """

    cells: Row
    status: FactStatus
    date: str = ""
    whole: Mapping[str, Term] = field(default_factory=dict, compare=False)
    sources: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """What an answer holds and what it leaves out.

    Attributes:
        day: the day that the answer holds for.
        holds: the rows of the answer.
        counts: the rows beside it, by status.
        is_cut: whether there are more rows beside it than may be given, so that they are not counted.
        in_all: how many rows hold of which the question shows some, by its LIMIT or OFFSET; 0 when it shows all.
        lists: how many are known of the lists that the question relies on, and of how many.
        counted: of an answer with counts, what is counted besides when time is lifted.
    """

    day: str
    holds: int
    counts: Mapping[FactStatus, int] = field(default_factory=dict)
    is_cut: bool = False
    lists: tuple[ListCount, ...] = ()
    counted: CountsBeside = field(default_factory=CountsBeside)
    in_all: int = 0

    @property
    def whole(self) -> int:
        """All rows, those of the answer and those beside it."""
        return self.holds + sum(self.counts.values())

    @property
    def words(self) -> Text:
        """The account in words, the day in figures: "As of 2026-11-30: 2 hold, 5 last known, 1 ended.", then the lists."""
        counted = [(FactStatus.HOLDS, self.holds), *((each, self.counts.get(each, 0)) for each in reversed(_WORST))]
        told = [(status, number) for status, number in counted if number or status is FactStatus.HOLDS]
        parts = [_told(status, number) for status, number in told]
        if self.in_all:
            parts.insert(1, text("interface.account.in_all").filled(count=self.in_all))
        if beside := self.counted.total:
            told = [(each, beside[each]) for each in reversed(_WORST) if beside[each]]
            said = [_told(status, number) for status, number in told]
            parts.append(text("interface.account.counted").filled(parts=_joined(said)))
        if self.counted.untold:
            parts.append(text("interface.account.untold"))
        if self.is_cut:
            parts.append(text("interface.account.cut"))
        whole = text("interface.account.whole").filled(
            day=self.day,
            parts=_joined(parts),
        )
        said = [whole, *(each.words for each in self.lists[:_MOST_TOLD])]
        if len(self.lists) > _MOST_TOLD:
            said.append(text("interface.account.more_lists").filled(count=len(self.lists) - _MOST_TOLD))
        return Text(*(" ".join(each.in_language(language) for each in said) for language in LANGUAGES))

    @staticmethod
    def number(count: str, more: int) -> Text:
        """A number of the answer with what is last known besides."""
        return text("interface.account.count_and").filled(count=count, more=more)

    def to_json(self, prefixes: Mapping[str, str]) -> dict[str, object]:
        """The account for programs: numbers, and the words in each language."""
        counts = {each.value: self.counts[each] for each in reversed(_WORST) if self.counts.get(each)}
        said: dict[str, object] = {"day": self.day, "counts": {FactStatus.HOLDS.value: self.holds, **counts}}
        if beside := self.counted.total:
            said["counted"] = {each.value: beside[each] for each in reversed(_WORST) if beside[each]}
        if self.in_all:
            said["in_all"] = self.in_all
        if self.counted.untold:
            said["untold"] = list(self.counted.untold)
        if self.is_cut:
            said["cut"] = True
        if self.lists:
            said["lists"] = [each.to_json(prefixes) for each in self.lists]
        return said | {"words": self.words.to_json()}

    def header(self, prefixes: Mapping[str, str]) -> str:
        """The account as a dictionary of RFC 9651, for the header of an answer by HTTP."""
        counts = [f"{each.value}={self.counts[each]}" for each in reversed(_WORST) if self.counts.get(each)]
        counts += [f"counted-{each.value}={number}" for each, number in self.counted.total.items()]
        counts += [f"in-all={self.in_all}"] if self.in_all else []
        counts += ["counted-untold"] if self.counted.untold else []
        lists = [_list_item(each.to_json(prefixes)) for each in self.lists[:_MOST_IN_HEADER]]
        return ", ".join([
            f"holds={self.holds}", *counts, *(["cut"] if self.is_cut else []),
            *([f"lists=({' '.join(lists)})"] if lists else []),
        ])  # fmt: skip


def _joined(parts: Sequence[Text]) -> Text:
    return Text(*(", ".join(each.in_language(language) for each in parts) for language in LANGUAGES))


def _list_item(said: Mapping[str, Any]) -> str:
    complete = said.get("complete", ())
    places = complete if complete is True else " ".join(complete)
    parameters = {
        "list": said["list"], "known": said["known"], "stated": said.get("stated"), "date": said.get("date"),
        "complete": places,
    }  # fmt: skip
    written = [
        f";{name}" if value is True else f";{name}={value if isinstance(value, int) else header_text(value)}"
        for name, value in parameters.items()
        if value or name == "known"
    ]
    return header_text(said["organization"]) + "".join(written)


def header_text(text: str) -> str:
    r"""A string of RFC 9651, which a header may hold whatever it was: what is not ASCII is written as in an address.

    >>> header_text('<http://example.org/æ"\r>')
    '"<http://example.org/%C3%A6%22%0D>"'
    """
    return f'"{quote(text[:_LONGEST_TEXT], safe=_PLAIN)}"'


def _told(status: FactStatus, number: int) -> Text:
    is_one = number == 1 and status in {FactStatus.HOLDS, FactStatus.LAST_KNOWN}
    return text(f"interface.account.{status.value}{'_one' if is_one else ''}").filled(count=number)


def account_of(  # noqa: PLR0913  # one argument for each thing that a caller decides
    query: SavedQuery,
    asked: str,
    answer: Solutions,
    store: Store,
    *,
    bound: Mapping[str, Term],
    times: OtherTimes,
    prefixes: Mapping[str, str],
    timeout: float | None = None,
    most_rows: int | None = None,
) -> tuple[Account, tuple[OtherRow, ...]]:
    """The account of an answer, and the rows that it leaves out, in the order of the question.

    Args:
        query: the question.
        asked: its text as it was asked.
        answer: its answer with all columns of the text.
        store: the graph that was asked.
        bound: the values of its parameters.
        times: what does not hold on the day.
        prefixes: for the text.
        timeout: seconds until the deadline.
        most_rows: more rows than this are not counted.
    """
    holds = len(answer)
    if not times.graphs:
        return Account(times.day, holds), ()
    *lifted, facts = times.graphs
    graphs = [Iri(DEFAULT_GRAPH), *_that_hold_something(lifted, store)]
    if len(graphs) == 1:
        return Account(times.day, holds), ()
    # What the question cuts off holds or not, whatever it shows.
    whole, most, is_limited = without_limit(asked)
    # The engine would sort rows of the answer once more; the few others are sorted here.
    unsorted, order = without_order(whole, answer.columns)
    ask = partial(store.query, bind=bound, timeout=timeout, most_rows=most_rows)
    try:
        found, on_day = ask(unsorted, graphs=graphs), ask(unsorted) if is_limited else answer
        if not isinstance(found, Solutions) or not isinstance(on_day, Solutions):
            return Account(times.day, holds), ()
        answer = on_day
        known = _Statuses(store, facts, prefixes)
        counting, counted = counting_of(unsorted, query.columns), CountsBeside()
        if counting is not None and set(found.rows) != set(answer.rows):
            counted = _counted(query, counting, ask, graphs, known)
        keys = query.columns if counting is None else _keys(query, counting)
        rows = _new_rows(query, answer, found, keys)
        for name, descends in reversed(order):
            rows.sort(key=lambda row: _place(row[1].get(name)), reverse=descends)
        behind = partial(ask, with_every_variable(unsorted), graphs=graphs) if counting is None else None
        statuses = known.of_rows(query, [row for _, row in rows], behind)
    except (QueryError, StoreTimeout):
        # The answer itself is whole; what lies beside it is too much.
        return Account(times.day, holds, is_cut=True), ()
    others: dict[tuple[Term | None, ...], OtherRow] = {}
    for (cells, row), each in zip(rows, statuses, strict=True):
        # Of several facts that say the same row the one that says most for it counts: nobody loses what is last known.
        key = _key(row, keys)
        if key not in others or _says_more(each, others[key]):
            other = OtherRow(cells, each.status, each.date, row)
            counted_so = other if counting is None else _as_counted(other, query, counting, counted)
            if counted_so is not None:
                others[key] = counted_so
    by_status = Counter(each.status for each in others.values())
    in_all = len(answer) if len(answer) != holds else 0
    return Account(times.day, holds, by_status, counted=counted, in_all=in_all), _first(others.values(), most)


def _first(others: Iterable[OtherRow], most: int | None) -> tuple[OtherRow, ...]:
    """As many rows of each status as the question shows of those that hold."""
    seen: Counter[FactStatus] = Counter()
    kept = []
    for each in others:
        seen[each.status] += 1
        if most is None or seen[each.status] <= most:
            kept.append(each)
    return tuple(kept)


def _counted(
    query: SavedQuery, counting: CountingQuery, ask: Callable[..., Answer], graphs: Sequence[Iri], known: _Statuses
) -> CountsBeside:
    """What is counted besides in an answer with numbers; where nobody can say, that these are not told apart."""
    keys = _keys(query, counting)
    with suppress(QueryError, StoreTimeout):
        holding, lifted = (ask(counting.text), ask(counting.text, graphs=graphs)) if counting.text else (None, None)
        if isinstance(holding, Solutions) and isinstance(lifted, Solutions):
            there = set(holding.rows)
            others = [row for row, cells in zip(lifted, lifted.rows, strict=True) if cells not in there]
            statuses = [each.status for each in known.of_rows(query, others)]
            beside = list(zip(others, statuses, strict=True))
            return counts_beside(counting, keys, list(holding), beside, says_most=_SAYS_MOST)
    return CountsBeside(keys=tuple(keys), untold=counting.made)


def _as_counted(other: OtherRow, query: SavedQuery, counting: CountingQuery, counted: CountsBeside) -> OtherRow | None:
    """A group that is not in the answer, with what is last known of it in its numbers, or else with what is the most said.

    A number that is made from what holds and what does not, or from what does not for several reasons, is left out; a group
    of which all holds is in the answer or was cut from it by the question, and is none beside it.
    """
    made = dict.fromkeys(counting.made)
    if counted.statuses is None:
        return replace(other, cells=_with(other, query, made))
    behind, holds = counted.statuses_of(other.whole)
    number = {
        status: {name: counted.of(other.whole, name, status) for name in counted.columns} for status in _SAYS_MOST
    }
    status = next((each for each in _SAYS_MOST if any(number[each].values())), None)
    if status is None and (not behind or (holds and not counted.untold)):
        return None
    status = status or min(behind, key=_SAYS_MOST.index)
    numbers = {name: Literal(str(count), datatype=_INTEGER) for name, count in number[status].items()}
    is_pure = len(behind) == 1 and not holds
    cells = _with(other, query, numbers if is_pure else {**made, **numbers})
    return replace(other, cells=cells, status=status, date=other.date if status is other.status else "")


def _with(other: OtherRow, query: SavedQuery, instead: Mapping[str, Term | None]) -> Row:
    return tuple(instead.get(name, cell) for name, cell in zip(query.columns, other.cells, strict=True))


def _that_hold_something(graphs: Sequence[Iri], store: Store) -> list[Iri]:
    """Those of the graphs that are not empty: each further graph costs a look at every step of a question."""
    answer = store.query(_FILLED.replace("{values}", values_block(["graph"], [(each,) for each in graphs])))
    filled = {row["graph"] for row in answer} if isinstance(answer, Solutions) else set()
    return [each for each in graphs if each in filled]


def _place(term: Term | None) -> tuple[int, float, str]:
    """Where a term stands when rows are sorted, as SPARQL has it: unbound cells, addresses, then numbers and texts by value."""
    if not isinstance(term, Literal):
        return (0, 0, "") if term is None else (1, 0, term.value if isinstance(term, Iri) else str(term))
    if term.datatype.value in _NUMBERS:
        with suppress(ValueError):
            return (2, float(term.value), "")
    return (3, 0, term.value)


def _new_rows(
    query: SavedQuery, answer: Solutions, asked: Solutions, keys: Sequence[str]
) -> list[tuple[Row, dict[str, Term]]]:
    """The rows that only lifted time gives: as they are shown, and whole. One that says what a row says is none."""
    shown, there = set(answer.project(tuple(keys)).rows), set(answer.rows)
    new = Solutions(asked.columns, tuple(row for row in dict.fromkeys(asked.rows) if row not in there))
    rows = zip(new.project(query.columns).rows, new, strict=True)
    return [(cells, whole) for cells, whole in rows if _key(whole, keys) not in shown]


def _keys(query: SavedQuery, counting: CountingQuery) -> Sequence[str]:
    """The columns that tell rows apart: those that are not made from several rows."""
    return [name for name in query.columns if name not in counting.made]


def _key(row: Mapping[str, Term], keys: Sequence[str]) -> tuple[Term | None, ...]:
    return tuple(row.get(name) for name in keys)


class _Statuses:
    """The statuses of facts and things, read from the graph of `facts`."""

    def __init__(self, store: Store, facts: Iri, prefixes: Mapping[str, str]) -> None:
        self._store, self._facts, self._prefixes = store, facts, prefixes

    def of_rows(
        self, query: SavedQuery, rows: Sequence[Mapping[str, Term]], behind: Callable[[], Answer] | None = None
    ) -> list[DatedStatus]:
        """The status of each row: that of the facts it cites, else of its things, else of its statements.

        A row that shows nothing of what does not hold is looked up in what `behind` gives: the rows with every variable,
        and then by the facts that tie its things.
        """
        cited = [[row[name] for name in query.cite if name in row] for row in rows]
        known = self._of({each for found in cited for each in found})
        worst = [_worst(known, facts) for facts in cited]
        # What is cited mostly says it; only of the other rows everything is looked up.
        open_ = [place for place, each in enumerate(worst) if each is None]
        known |= self._of({each for place in open_ for each in rows[place].values()})
        for place in open_:
            worst[place] = _worst(known, rows[place].values())
        open_ = [place for place, each in enumerate(worst) if each is None]
        patterns = _patterns(query, self._prefixes) if open_ else ()
        statements = [_statements(patterns, rows[place]) for place in open_]
        of_statement = self._of_statements({each for found in statements for each in found})
        for place, found in zip(open_, statements, strict=True):
            worst[place] = _worst(of_statement, found)
        if behind is not None and (open_ := [place for place, each in enumerate(worst) if each is None]):
            with suppress(QueryError, StoreTimeout):
                for place, each in zip(open_, self._behind([rows[place] for place in open_], behind()), strict=True):
                    worst[place] = each
        if open_ := [place for place, each in enumerate(worst) if each is None]:
            for place, each in zip(open_, self._tied(query, [rows[place] for place in open_]), strict=True):
                worst[place] = each
        # Something behind the row does not hold; which it is, nothing in the row says.
        return [each or DatedStatus(FactStatus.LAST_KNOWN) for each in worst]

    def _behind(self, rows: Sequence[Mapping[str, Term]], whole: Answer) -> list[DatedStatus | None]:
        """The statuses of what is behind rows: of several ways to one row the one that says most for it."""
        columns = {name for row in rows for name in row} & set(whole.columns if isinstance(whole, Solutions) else ())
        keys = sorted(columns)
        wanted = {_key(row, keys) for row in rows}
        ways = [row for row in (whole if isinstance(whole, Solutions) else ()) if _key(row, keys) in wanted]
        known = self._of({each for row in ways for each in row.values()})
        best: dict[tuple[Term | None, ...], DatedStatus] = {}
        for row in ways:
            key, found = _key(row, keys), _worst(known, row.values())
            if found is not None and (key not in best or _says_more(found, best[key])):
                best[key] = found
        return [best.get(_key(row, keys)) for row in rows]

    def _tied(self, query: SavedQuery, rows: Sequence[Mapping[str, Term]]) -> list[DatedStatus | None]:
        """The statuses of rows that name no fact, by the facts that tie most of the things in them: the one that says most.

        A path such as `cg:hasCurrentMembership/org:organization` and a property that follows from a fact hide it. Of facts
        that tie as many, those count whose ties the question speaks of.
        """
        spoken = iris_of(query.text, prefixes=self._prefixes)
        things = {each for row in rows for each in row.values() if isinstance(each, Iri)}
        text = _TIED.replace("?facts", str(self._facts))
        ties: dict[Term, dict[Term, int]] = {}
        known: dict[Term, DatedStatus] = {}
        for said in ask_about(text, {"thing": sorted(things, key=str)}, self._store) if things else ():
            thing, fact, status = said["thing"], said["fact"], said["status"]
            if isinstance(status, Iri) and status in _SPELLED:
                known[fact] = DatedStatus(_SPELLED[status], _text(said.get("date")))
                weight = _A_THING + (str(said["property"])[1:-1] in spoken)
                of_thing = ties.setdefault(thing, {})
                of_thing[fact] = max(of_thing.get(fact, 0), weight)
        found: list[DatedStatus | None] = []
        for row in rows:
            weights: Counter[Term] = Counter()
            for each in {*row.values()} & ties.keys():
                weights.update(ties[each])
            most = max(weights.values(), default=0)
            tied = [known[fact] for fact, weight in weights.items() if weight == most]
            found.append(min(tied, key=lambda each: _SAYS_MOST.index(each.status), default=None))
        return found

    def _of(self, facts: Iterable[Term]) -> dict[Term, DatedStatus]:
        return statuses_of(facts, self._store, self._facts)

    def _of_statements(self, triples: Collection[Triple]) -> dict[Triple, DatedStatus]:
        """Those that do not hold, by their claims: the one that says most for a statement says what it is."""
        if not triples:
            return {}
        values: dict[str, list[Term]] = {
            "s": [t.subject for t in triples],
            "p": [t.predicate for t in triples],
            "o": [t.object for t in triples],
        }
        claims: dict[tuple[Term, ...], list[Term]] = {}
        for row in ask_about(_CLAIMS, values, self._store):
            claims.setdefault((row["s"], row["p"], row["o"]), []).append(row["claim"])
        known = self._of([each for found in claims.values() for each in found])
        told: dict[Triple, DatedStatus] = {}
        for triple in triples:
            found = claims.get((triple.subject, triple.predicate, triple.object), [])
            # One that has no status holds, and the statement with it.
            if found and all(each in known for each in found):
                told[triple] = min((known[each] for each in found), key=lambda each: _SAYS_MOST.index(each.status))
        return told


def statuses_of(facts: Iterable[Term], store: Store, graph: Iri) -> dict[Term, DatedStatus]:
    """The statuses of those facts and things that do not hold on the day.

    Args:
        facts: what is asked about.
        store: the graph of the day.
        graph: the name of the graph of statuses, the last of `graphs.LIFTED`.
    """
    wanted = {each for each in facts if isinstance(each, Iri)}
    text = _STATUS.replace("?facts", str(graph))
    rows: Iterable[Mapping[str, Term]] = ()
    if len(wanted) > MANY:
        # One reading of the whole graph costs less than many questions about parts of it.
        answer = store.query(text.replace("{values}", ""))
        rows = (row for row in answer if row["fact"] in wanted) if isinstance(answer, Solutions) else ()
    elif wanted:
        rows = ask_about(text, {"fact": sorted(wanted, key=str)}, store)
    found: dict[Term, DatedStatus] = {}
    for row in rows:
        status = row["status"]
        if isinstance(status, Iri) and status in _SPELLED:
            found[row["fact"]] = DatedStatus(_SPELLED[status], _text(row.get("date")))
    return found


def _patterns(query: SavedQuery, prefixes: Mapping[str, str]) -> Sequence[Pattern]:
    """The patterns of the question; none of one that only the engine can read."""
    try:
        return triple_patterns(query.text, prefixes=prefixes)
    except QueryError:
        return ()


def _statements(patterns: Sequence[Pattern], row: Mapping[str, Term]) -> list[Triple]:
    filled: list[Triple] = []
    for pattern in patterns:
        subject, predicate, object_ = (row.get(part) if isinstance(part, str) else part for part in pattern)
        if isinstance(subject, Iri) and isinstance(predicate, Iri) and object_ is not None:
            filled.append(Triple(subject, predicate, object_))
    return filled


def _says_more(one: DatedStatus | OtherRow, other: DatedStatus | OtherRow) -> bool:
    return _SAYS_MOST.index(one.status) < _SAYS_MOST.index(other.status)


def _worst(known: Mapping[_Key, DatedStatus], facts: Iterable[_Key]) -> DatedStatus | None:
    found = [known[each] for each in facts if each in known]
    return min(found, key=lambda each: _WORST.index(each.status), default=None)


def _text(term: Term | None) -> str:
    return term.value if isinstance(term, Literal) else ""
