"""What the graph says about one thing: statements, facts that tie several things together, places, passages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from citygraph.dates import KnownDate
from citygraph.namespaces import CONCEPT
from citygraph.query.citations import DEPRECATED
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.sources import Anchor, anchor_of
from citygraph.store import Store

_MOST_ROWS: Final = 50_000
FACT_TABLES: Final = ("memberships", "figures", "lists", "disagreements")
"""The sorts of facts that `facts_about` finds, in the order of a page."""
_PREFERRED: Final = Iri(CONCEPT + "rank-preferred")
_WHEN: Final = ("begin", "end", "date")


@cache
def _text(name: str) -> str:
    return files("citygraph.query").joinpath("entity_queries", f"{name}.rq").read_text(encoding="utf-8")


def _rows(store: Store, name: str, **bind: Term) -> list[dict[str, Term]]:
    """The rows of one of the queries beside this file, with these variables bound."""
    return _rows_of(store, _text(name), **bind)


def _rows_of(store: Store, query: str, **bind: Term) -> list[dict[str, Term]]:
    answer = store.query(query, bind=bind, most_rows=_MOST_ROWS)
    return list(answer) if isinstance(answer, Solutions) else []


# -- statements ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class EntityClaim:
    """A statement that stands as records of its own: whether each of them is deprecated, and all their comments.

    `stated_as` is the property it has in the graph, and `preferred` whether one of the records is the one that is followed.
    """

    stated_as: str = ""
    preferred: bool = False
    facts: dict[Iri, bool] = field(default_factory=dict)
    comments: list[Literal] = field(default_factory=list)

    @property
    def counted(self) -> tuple[Iri, ...]:
        """The records whose sources carry the statement; all of them when each is deprecated."""
        return tuple(fact for fact, deprecated in self.facts.items() if not deprecated) or tuple(self.facts)


def statements_about(
    iri: str, store: Store, *, inferred_graph: str, without: Collection[str] = (), incoming: bool = False
) -> dict[tuple[str, Term], bool]:
    """Every statement about a thing, or with `incoming` every one that names it.

    Args:
        iri: the thing.
        store: the graph.
        inferred_graph: the name of the graph that holds what was derived.
        without: the graphs that are left out, those of other times.
        incoming: look for statements in which the thing is the object.

    Returns:
        the property and the other end, and whether nobody wrote it down.

    Raises:
        StoreTimeout: the deadline passed, as everywhere in this module.
    """
    found: dict[tuple[str, Term], bool] = {}
    for row in _rows(store, "statements", **{"o" if incoming else "s": Iri(iri)}):
        property_, graph = row["p"], row["g"]
        if isinstance(property_, Iri) and isinstance(graph, Iri) and graph.value not in without:
            key = (property_.value, row["s"] if incoming else row["o"])
            found[key] = found.get(key, True) and graph.value == inferred_graph
    return found


def claims_about(iri: str, store: Store, *, incoming: bool = False) -> dict[tuple[str, Term], EntityClaim]:
    """The statements about a thing that stand as records of their own, by property and value.

    A relation (`cg:relatesTo`) goes by what kind of relation it is, which its record alone says, and an activity by the kind
    that its concept has. With `incoming` they are the statements that name the thing, by the thing they are about.
    """
    claims: dict[tuple[str, Term], EntityClaim] = defaultdict(EntityClaim)
    for row in _rows(store, "claims", **{"o" if incoming else "s": Iri(iri)}):
        property_, fact, kind = row["p"], row["claim"], row.get("kind")
        if not isinstance(property_, Iri) or not isinstance(fact, Iri):
            continue
        claim = claims[(kind if isinstance(kind, Iri) else property_).value, row["s" if incoming else "o"]]
        claim.stated_as = property_.value
        claim.preferred = claim.preferred or row.get("rank") == _PREFERRED
        claim.facts[fact] = claim.facts.get(fact, False) or row.get("rank") == DEPRECATED
        comment = row.get("comment")
        if isinstance(comment, Literal) and comment not in claim.comments:
            claim.comments.append(comment)
    return dict(claims)


def identifier_code(iri: Iri, store: Store) -> tuple[Term | None, Term] | None:
    """The kind and the code of an identifier; `None` for a thing without a code."""
    row = next(iter(_rows(store, "identifier", s=iri)), None)
    return (row.get("kind"), row["code"]) if row is not None else None


# -- facts that tie several things together --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntityFact:
    """One fact, or one side of a disagreement, with all values of each column.

    The column `when` holds the first of the dates on which a membership began, ended, or is said to hold.
    """

    node: Term
    values: Mapping[str, Sequence[Term]]

    def of(self, column: str) -> Sequence[Term]:
        """The values of a column; none when it has none."""
        return self.values.get(column, ())

    @property
    def is_current(self) -> bool | None:
        """Whether it holds on the reference date; `None` for facts that are not dated so."""
        return _is_true(self.values["current"]) if "current" in self.values else None


def facts_about(iri: str, store: Store, sort: str) -> list[EntityFact]:
    """The facts of one of the `FACT_TABLES` that a thing takes part in."""
    merged: dict[tuple[Term, Term | None], dict[str, list[Term]]] = {}
    for row in _rows(store, sort, thing=Iri(iri)):
        # A membership names who, where and what as; a record without one of them is not finished.
        if sort == "memberships" and not {"member", "organization", "role"} <= set(row):
            continue
        values = merged.setdefault((row["fact"], row.get("side")), {})
        if "member" in row:
            values.setdefault("when", [term for name in _WHEN if (term := row.get(name)) is not None][:1])
        for column, term in row.items():
            if term not in values.setdefault(column, []):
                values[column].append(term)
    return [EntityFact(node, values) for (node, _), values in merged.items()]


@dataclass(frozen=True, slots=True)
class NetworkTie:
    """One tie of an authority to a network: what it, a body of its own, or somebody on its behalf is there.

    Args:
        fact: the membership.
        network: the network.
        body: where the role is held: the network itself or a unit of it.
        role: as what.
        holder: who holds it.
        begin: when it began.
        end: when it ended.
        known: the days on which a source says that it held, in order.
        is_grade: it is a grade of membership, and no office.
        is_member: it is a membership, and no looser grade.
        leads: the role makes a head of its body.
        on_board: the body is a board.
        in_group: the body is a working group.
        is_current: it holds on the day.
    """

    fact: Term
    network: str
    body: str
    role: str
    holder: str
    begin: KnownDate
    end: KnownDate
    known: tuple[str, ...]
    is_grade: bool
    is_member: bool
    leads: bool
    on_board: bool
    in_group: bool
    is_current: bool


def ties_of(iri: str, store: Store, lifted: Iri) -> list[NetworkTie]:
    """The ties of an authority or a person to networks, whenever they hold.

    Args:
        iri: the authority or the person.
        store: the graph of a day.
        lifted: the graph of what is stated and does not hold on it, the first of `graphs.LIFTED`.
    """
    return _ties("ties", iri, store, lifted)


def offices_in(network: str, store: Store, lifted: Iri) -> list[NetworkTie]:
    """The offices in a network and in its units, whenever they hold; `lifted` is as for `ties_of`."""
    return _ties("offices", network, store, lifted)


def grades_in(network: str, store: Store) -> dict[str, int]:
    """How many have each grade in a network on the day, by the role."""
    rows = [(row.get("role"), row.get("count")) for row in _rows(store, "grades", thing=Iri(network))]
    return {r.value: int(c.value) for r, c in rows if isinstance(r, Iri) and isinstance(c, Literal)}


def _ties(query: str, iri: str, store: Store, lifted: Iri) -> list[NetworkTie]:
    found: dict[Term, dict[str, list[str]]] = {}
    for row in _rows(store, query, thing=Iri(iri), lifted=lifted):
        values = found.setdefault(row["fact"], defaultdict(list))
        for column, term in row.items():
            values[column].append(term.value if isinstance(term, Iri | Literal) else str(term))
    return [
        NetworkTie(
            fact,
            # A network that belongs to another is meant itself.
            network=_one_of(values["network"], values["body"]),
            body=min(values["body"]),
            role=min(values["role"]),
            holder=_one_of(values["holder"], [iri]),
            begin=_known_date(values, "begin"),
            end=_known_date(values, "end"),
            known=tuple(sorted(set(values["date"]))),
            is_grade="true" in values["grade"],
            is_member="true" in values["joins"],
            leads="true" in values["leads"],
            on_board="true" in values["board"],
            in_group="true" in values["group"],
            is_current="true" in values["current"],
        )
        for fact, values in found.items()
    ]


def _one_of(found: Sequence[str], wanted: Sequence[str]) -> str:
    return min((each for each in found if each in wanted), default=min(found))


def _known_date(values: Mapping[str, Sequence[str]], at: str) -> KnownDate:
    earliest, latest = values.get(f"{at}_earliest", ()), values.get(f"{at}_latest", ())
    return KnownDate(max(values.get(at, ()), default=""), min(earliest, default=""), max(latest, default=""))


@dataclass(frozen=True, slots=True)
class DatedTie:
    """A membership or an office with the date that tells something of it; without one when nothing says when it held."""

    fact: str
    holder: str
    body: str
    role: str
    date: KnownDate
    has_ended: bool = False


def changed_since(since: str, day: str, store: Store, *, of: Sequence[str] = ()) -> list[DatedTie]:
    """What began or ended from one day to another, both as `2026-11-30`, the newest first; with `of` of these things."""
    found = _tied(store, "changed", of, since=Literal(since), day=Literal(day))
    return sorted(found, key=lambda each: (each.date.by, each.fact), reverse=True)


def last_known(store: Store, statuses: Iri, *, of: Sequence[str] = ()) -> list[DatedTie]:
    """What has begun and not ended, and was confirmed too long ago, the oldest first; below it what nobody has dated.

    Args:
        store: the graph of a day.
        statuses: the graph that says why facts do not hold on it, the last of `graphs.LIFTED`.
        of: the things whose ties are wanted; all without them.
    """
    found = _tied(store, "old", of, facts=statuses)
    return sorted(found, key=lambda each: (not each.date, each.date.by, each.fact))


def _tied(store: Store, query: str, of: Sequence[str], **bind: Term) -> set[DatedTie]:
    """The rows of a query about ties, asked for each thing by itself, so that none is cut off for others."""
    if not of:
        return {_dated(row) for row in _rows(store, query, **bind)}
    of_thing = _text(query).replace("  # OF\n", _text("of-thing"))
    return {_dated(row) for each in of for row in _rows_of(store, of_thing, **bind, of=Iri(each))}


def _dated(row: Mapping[str, Term]) -> DatedTie:
    values = {name: term.value if isinstance(term, Iri | Literal) else str(term) for name, term in row.items()}
    date = KnownDate(values.get("exact", values.get("date", "")), values.get("earliest", ""), values.get("latest", ""))
    ended = values.get("ended") == "true"
    return DatedTie(values["fact"], values["holder"], values["body"], values["role"], date, has_ended=ended)


def governed_with(iri: str, store: Store) -> list[str]:
    """The authorities of a place, or the places of an authority."""
    return sorted(
        {row["other"].value for row in _rows(store, "governed", thing=Iri(iri)) if isinstance(row["other"], Iri)}
    )


def _is_true(terms: Sequence[Term]) -> bool:
    return any(isinstance(term, Literal) and term.value == "true" for term in terms)


def places_of(iri: str, store: Store) -> list[tuple[str, float, float]]:
    """Where a thing is, or where those are who take part in it: IRI, latitude and longitude in degrees."""
    found = []
    for row in _rows(store, "places", thing=Iri(iri)):
        place, latitude, longitude = row["place"], row.get("latitude"), row.get("longitude")
        if not isinstance(place, Iri) or not isinstance(latitude, Literal) or not isinstance(longitude, Literal):
            continue
        try:
            found.append((place.value, float(latitude.value), float(longitude.value)))
        except ValueError:
            continue
    return found


# -- documents -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourcePassage:
    """A passage, row or page of a document: what it says in our words or its own, and the facts that rest on it."""

    anchor: Anchor
    words: Sequence[Term]
    facts: Sequence[Term]


def passages_of(document: str, store: Store) -> list[SourcePassage]:
    """The passages of a document, or the rows of a list."""
    words: dict[str, list[Term]] = defaultdict(list)
    facts: dict[str, dict[Term, None]] = defaultdict(dict)
    for row in _rows(store, "passages", document=Iri(document)):
        named = row["source"]
        if isinstance(named, Iri):
            words[named.value] += [row["words"]] if "words" in row else []
            facts[named.value] |= {row["fact"]: None} if "fact" in row else {}
    cut = [(anchor_of(source), words[source], tuple(resting)) for source, resting in facts.items()]
    return [SourcePassage(anchor, said, resting) for anchor, said, resting in cut if anchor is not None]


def facts_from_whole(document: str, store: Store) -> list[Term]:
    """The facts that rest on a document as a whole."""
    return [row["fact"] for row in _rows(store, "whole-document", document=Iri(document))]
