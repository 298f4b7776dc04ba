"""Run a saved query: parameters bound, sources cited, stated and derived rows told apart; and what a row rests on."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citygraph.as_of import FactStatus
from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.query.account import Account, OtherRow, OtherTimes, account_of
from citygraph.query.citations import Citation, sources_of_rows
from citygraph.query.lists import ListStatement, counted_lists, lists_behind
from citygraph.query.names import NameFinder, bind_parameters
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple
from citygraph.results import Answer, Row, Solutions, Truth, plain_text
from citygraph.saved_query import SavedQuery, query_files, read_saved_query
from citygraph.sparql.text import Pattern, triple_patterns, with_every_variable
from citygraph.store import MemoryStore, Store

if TYPE_CHECKING:
    from citygraph.query.federate import Federated, Federation

SOURCE_COLUMNS: Final = ("sources", "sources_of_thing", "stated")
"""The columns that the sources of rows stand in, where an answer is written as a table."""
STATUS_COLUMNS: Final = ("day", "status", "status_date")
"""The columns with the day of the answer, the status of each row, and the date that decides it."""
LAST_CONFIRMED: Final = "last_confirmed"
_DATE: Final = Iri(PREFIXES["xsd"] + "date")
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a saved query.

    `sources` and `stated` have one entry for each row when sources were asked for, and are empty
    otherwise. A row is stated when the files alone give it, and derived when reasoning was needed.
    `lists` says how complete the lists are that the question relies on, and `federated` which columns come
    from another server. `account` counts the rows that hold and those that do not, which are in `others`; there is none
    when the question was asked without `times`.
    """

    query: SavedQuery
    answer: Answer
    bound: Mapping[str, Term] = field(default_factory=dict)
    sources: tuple[tuple[Citation, ...], ...] = ()
    stated: tuple[bool, ...] = ()
    lists: tuple[ListStatement, ...] = ()
    federated: Federated | None = None
    account: Account | None = None
    others: tuple[OtherRow, ...] = ()
    is_cited: bool = False

    @property
    def last_known(self) -> tuple[OtherRow, ...]:
        """The rows that are too old to count and that nothing ended; people see them below the answer."""
        return tuple(each for each in self.others if each.status is FactStatus.LAST_KNOWN)

    def shown(self, *, strict: bool = False) -> Answer:
        """The answer as a table for files: the rows that hold, then unless `strict` those that are last known.

        Rows that were asked with sources have the `SOURCE_COLUMNS`: `sources` are the addresses of what carries a row,
        `sources_of_thing` those of the things that it speaks of where no claim says more, `stated` is stated or derived.
        With an account the `STATUS_COLUMNS` follow: the day of the answer, the status of the row, and the date that it
        was last confirmed when it no longer counts. Answers that are no rows are given as they are.
        """
        answer = self.answer
        if not isinstance(answer, Solutions):
            return answer
        others = () if strict else self.last_known
        columns, rows = answer.columns, [*answer.rows, *(each.cells for each in others)]
        counted = self.account.counted.columns if self.account is not None and not strict else ()
        if counted:
            columns = (*columns, *(f"{name}_{FactStatus.LAST_KNOWN.value.replace('-', '_')}" for name in counted))
            rows = [(*row, *(self._beside(row, name) for name in counted)) for row in answer.rows]
            # What is last known itself stands in the number.
            rows += [(*each.cells, *(None for _ in counted)) for each in others]
        if self.is_cited:
            columns = (*columns, *SOURCE_COLUMNS)
            stated = [Literal("stated" if each else "derived") for each in self.stated] + [None] * len(others)
            found = [*self.sources, *(each.sources for each in others)]
            rows = [(*row, *_addresses(each), one) for row, each, one in zip(rows, found, stated, strict=True)]
        if self.account is not None:
            columns = (*columns, *STATUS_COLUMNS)
            day, holds = Literal(self.account.day, datatype=_DATE), (Literal(FactStatus.HOLDS.value), None)
            ends = [holds] * len(answer) + [(Literal(each.status.value), Literal(each.date)) for each in others]
            rows = [(*row, day, *end) for row, end in zip(rows, ends, strict=True)]
        return Solutions(columns, tuple(rows))

    def for_people(self, language: str, *, strict: bool = False) -> Answer:
        """The answer as people read it: unless `strict`, a number with what is last known besides, "23, and 5 last known"."""
        answer, account = self.answer, self.account
        if account is None or strict or not account.counted.counts or not isinstance(answer, Solutions):
            return answer
        rows = []
        for row in answer.rows:
            cells = list(row)
            for name in account.counted.columns:
                place = answer.columns.index(name)
                if more := int(self._beside(row, name).value):
                    number = plain_text(row[place])
                    cells[place] = Literal(account.number(number, more).in_language(language))
            rows.append(tuple(cells))
        return Solutions(answer.columns, tuple(rows))

    def _beside(self, row: Row, column: str) -> Literal:
        """How many are last known besides in a number of a row that holds."""
        named = {name: term for name, term in zip(self.query.columns, row, strict=False) if term is not None}
        count = self.account.counted.of(named, column, FactStatus.LAST_KNOWN) if self.account is not None else 0
        return Literal(str(count), datatype=_INTEGER)

    def last_known_rows(self) -> Solutions:
        """The rows that are last known, each with the date that it was last confirmed in a column of its own."""
        rows = tuple((*each.cells, _dated(each.date)) for each in self.last_known)
        return Solutions((*self.query.columns, LAST_CONFIRMED), rows)


def _dated(date: str) -> Literal:
    """A day, a month or a year as the date that it is."""
    kind = ("gYear", "gYearMonth", "date")[min(date.count("-"), 2)]
    return Literal(date, datatype=Iri(PREFIXES["xsd"] + kind)) if date else Literal("")


def _addresses(citations: Sequence[Citation]) -> tuple[Literal, Literal]:
    """The addresses of what carries a row, and of what only carries a thing in it."""
    direct, of_thing = (
        Literal(" ".join(dict.fromkeys(each.address for each in citations if each.of_thing is of_thing)))
        for of_thing in (False, True)
    )
    return direct, of_thing


def find_queries(folder: Path, *, hidden: Collection[str] = ()) -> list[SavedQuery]:
    """Every saved query in `folder` that no pattern of `hidden` covers, by name.

    Raises:
        QueryError: one of them breaks a rule of its header.
    """
    return [read_saved_query(path) for path in query_files(folder, project=folder.parent, hidden=hidden)]


def get_query(folder: Path, name: str, *, hidden: Collection[str] = ()) -> SavedQuery:
    """The saved query of that name, unless a pattern of `hidden` covers it.

    Raises:
        QueryError: there is none; the nearest names are in the message.
    """
    names = [path.stem for path in query_files(folder, project=folder.parent, hidden=hidden)]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        guess = sentence("next.mean", guesses=", ".join(near)) if near else sentence("next.all_questions")
        raise QueryError(sentence("question.unknown", name=name), fix=guess)
    return read_saved_query(folder / f"{name}.rq")


def problem_of(path: Path) -> QueryError | None:
    """Why the saved query at `path` cannot be used; nothing when it can."""
    try:
        query, store = read_saved_query(path), MemoryStore()
        if query.federates is None:
            store.query(query.text)
        else:
            block = query.federates
            for text in (block.keys_query([]), block.service_query(), block.filled(query.text, "{ }")):
                store.query(text)
    except QueryError as error:
        return error
    return None


def run_query(  # noqa: PLR0913  # one argument for each thing that a caller decides
    query: SavedQuery,
    store: Store,
    *,
    values: Mapping[str, str],
    prefixes: Mapping[str, str],
    asserted_graphs: Sequence[Iri] | None = None,
    timeout: float | None = None,
    most_rows: int | None = None,
    names: NameFinder | None = None,
    federation: Federation | None = None,
    times: OtherTimes | None = None,
) -> Answered:
    """The answer, with only the columns that the header names.

    Args:
        query: the question.
        store: the graph to ask.
        values: what a person typed for each parameter.
        prefixes: for CURIEs and slugs among the values.
        asserted_graphs: given, each row carries its sources and whether these graphs alone give it.
        timeout: seconds until the deadline.
        most_rows: more rows than this are refused.
        names: what finds the things that a name may mean; without it all names are read from `store`.
        federation: which other servers may be asked; none without it.
        times: what does not hold on the day of the graph; without it the answer has no account.

    Raises:
        QueryError: a parameter is wrong, or the query cannot be run.
        StoreTimeout: the deadline passed.
        StoreError: another server that the question needs does not answer.
    """
    bound = bind_parameters(query, values, store, prefixes=prefixes, names=names)
    text, federated = query.text, None
    if query.federates is not None:
        from citygraph.query.federate import NOBODY, ask_service  # noqa: PLC0415  # the HTTP client is needed here alone

        federation = federation or NOBODY
        limits = {"timeout": timeout, "most_rows": most_rows}
        text, federated = ask_service(query, query.federates, store, bound, federation, **limits)
    answer = store.query(text, bind=bound, timeout=timeout, most_rows=most_rows)
    if not isinstance(answer, Solutions):
        return Answered(query, answer, bound)
    shown = answer.project(query.columns)
    things = {*bound.values(), *(term for row in answer.rows for term in row)} if query.lists else ()
    lists = tuple(lists_behind(query.lists, things, store)) if query.lists else ()
    account: Account | None = None
    others: tuple[OtherRow, ...] = ()
    if times is not None:
        how = {"bound": bound, "times": times, "prefixes": prefixes, "timeout": timeout, "most_rows": most_rows}
        account, others = account_of(query, text, answer, store, **how)  # type: ignore[arg-type]  # as they were given
        if query.lists:
            counted = counted_lists(lists, things, query.lists, store, day=times.day, prefixes=prefixes)
            account = replace(account, lists=counted)
    if asserted_graphs is None:
        return Answered(query, shown, bound, lists=lists, federated=federated, account=account, others=others)
    rows = [
        {name: term for name, term in zip(answer.columns, row, strict=True) if term is not None} for row in answer.rows
    ]
    cited = tuple(each for each in others if each.status is FactStatus.LAST_KNOWN)
    found = sources_of_rows([each.whole for each in cited], query, bound, store) if cited else ()
    known = {id(each): replace(each, sources=tuple(read)) for each, read in zip(cited, found, strict=True)}
    others = tuple(known.get(id(each), each) for each in others)
    alone = store.query(text, bind=bound, graphs=asserted_graphs, timeout=timeout, most_rows=most_rows)
    stated = set(alone.rows) if isinstance(alone, Solutions) else set()
    return Answered(
        query,
        shown,
        bound,
        sources=tuple(sources_of_rows(rows, query, bound, store)),
        stated=tuple(row in stated for row in answer.rows),
        lists=lists,
        federated=federated,
        account=account,
        others=others,
        is_cited=True,
    )


_HOLDS: Final = "ASK { ?s ?p ?o }"


def statements_behind(answered: Answered, number: int, store: Store, *, prefixes: Mapping[str, str]) -> list[Triple]:
    """The statements behind row `number` (from 1) of an answer, in the order of the query.

    Raises:
        QueryError: there is no such row, or its rows are counted together so that no single statements stand behind one.
    """
    answer, query = answered.answer, answered.query
    if not isinstance(answer, Solutions) or not 1 <= number <= len(answer):
        count = len(answer) if isinstance(answer, Solutions) else 0
        message = sentence("questions.row.missing", name=query.name, number=number, count=count)
        raise QueryError(message, fix=sentence("questions.row.count"))
    if query.parsed.grouped is not None:
        message = sentence("questions.row.grouped", name=query.name)
        raise QueryError(message, fix=sentence("questions.row.ask_single"))
    row = _whole_row(answered, answer.rows[number - 1], store)
    found = [triple for pattern in triple_patterns(query.text, prefixes=prefixes) if (triple := _filled(pattern, row))]
    return [triple for triple in dict.fromkeys(found) if _holds(triple, store)]


def _whole_row(answered: Answered, row: Row, store: Store) -> dict[str, Term]:
    """The row with every variable of the query, those that the answer does not show too."""
    shown = {name: term for name, term in zip(answered.query.columns, row, strict=True) if term is not None}
    bound = {name: term for name, term in shown.items() if not isinstance(term, BlankNode)}
    answer = store.query(with_every_variable(answered.query.text), bind={**answered.bound, **bound})
    rows = list(answer) if isinstance(answer, Solutions) else []
    return next((each for each in rows if all(each.get(name) == term for name, term in shown.items())), shown)


def _filled(pattern: Pattern, row: Mapping[str, Term]) -> Triple | None:
    subject, predicate, object_ = (row.get(part) if isinstance(part, str) else part for part in pattern)
    if not isinstance(subject, Iri) or not isinstance(predicate, Iri) or object_ is None:
        return None
    return Triple(subject, predicate, object_)


def _holds(triple: Triple, store: Store) -> bool:
    answer = store.query(_HOLDS, bind={"s": triple.subject, "p": triple.predicate, "o": triple.object})
    return isinstance(answer, Truth) and answer.value
