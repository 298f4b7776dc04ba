"""How complete the lists are that an answer relies on: what a person has judged, and how many of a stated number are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import CONCEPT, compress
from citygraph.query.names import MANY, ask_about, names_of
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.store import Store

_CURRENT: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX dct: <http://purl.org/dc/terms/>
SELECT DISTINCT ?organization ?kind ?completeness ?date ?place ?role WHERE {
  ?organization cg:hasCurrentList ?list .
  ?list cg:listKind ?kind ; cg:completeness ?completeness ; cg:asOf ?date .
  OPTIONAL { ?list dct:spatial ?place }
  OPTIONAL { ?list cg:listRole ?role }
}
"""
_STATED: Final = """
PREFIX cg:      <https://w3id.org/citygraph/ontology#>
PREFIX concept: <https://w3id.org/citygraph/concept/>
PREFIX schema:  <https://schema.org/>
SELECT ?organization ?kind ?role ?value ?to ?approximation ?date WHERE {
  {values}
  ?observation schema:observationAbout ?organization ;
               schema:measuredProperty ?indicator ;
               schema:value|schema:minValue ?value ;
               schema:observationDate ?date .
  ?indicator cg:listKind ?kind .
  OPTIONAL { ?indicator cg:listRole ?role }
  OPTIONAL { ?observation schema:maxValue ?to }
  OPTIONAL { ?observation cg:approximation ?approximation }
  FILTER NOT EXISTS { ?observation cg:rank concept:rank-deprecated }
}
"""
_HEAD: Final = """
PREFIX cg:  <https://w3id.org/citygraph/ontology#>
PREFIX org: <http://www.w3.org/ns/org#>
"""
_MEMBERS: Final = _HEAD + (
    "SELECT ?organization ?role (COUNT(DISTINCT ?one) AS ?known) WHERE { {values} "
    "?one cg:hasCurrentMembership ?membership . ?membership org:organization ?organization ; org:role ?role } "
    "GROUP BY ?organization ?role"
)
_ALL_MEMBERS: Final = _HEAD + (
    "SELECT ?organization (COUNT(DISTINCT ?one) AS ?known) WHERE { {values} "
    "?one cg:hasCurrentMembership/org:organization ?organization } GROUP BY ?organization"
)
_OTHERS: Final = {
    "list-working-groups": "?one a cg:WorkingGroup ; org:unitOf ?organization",
    "list-themes": "?organization cg:hasTopic ?one",
}
"""What stands on a list, by its kind; memberships are counted by role."""


@dataclass(frozen=True, slots=True)
class ListStatement:
    """How complete one list of one organisation is on the reference date, as a person has judged it."""

    organization: Term
    kind: Term
    completeness: Term
    date: str
    place: Term | None = None
    role: Term | None = None


@dataclass(frozen=True, slots=True)
class ListCount:
    """How many of a list are known, and of how many.

    Attributes:
        organization: whose list it is.
        what: what stands on it: a role, or the kind of the list.
        known: how many the graph has on the day.
        stated: how many a source says there are, as it says it ("140", "about 50"); nothing when none does.
        date: when the source says so.
        complete: the places that it is complete for; one that is nothing when it is complete for all.
        words: all this, in words.
    """

    organization: Term
    what: Term
    known: int
    stated: Text | None = None
    date: str = ""
    complete: tuple[Term | None, ...] = ()
    words: Text = field(default_factory=Text, compare=False)

    def to_json(self, prefixes: Mapping[str, str]) -> dict[str, object]:
        """The same for programs, things by their short names; what nobody has said is left out."""
        said: dict[str, object] = {
            "organization": _short(self.organization, prefixes),
            "list": _short(self.what, prefixes),
            "known": self.known,
            "stated": self.stated.en if self.stated is not None else None,
            "date": self.date,
            "complete": True if None in self.complete else [_short(each, prefixes) for each in self.complete],
        }
        return {key: value for key, value in said.items() if value or key == "known"}


def lists_behind(kinds: Sequence[str], things: Iterable[Term | None], store: Store) -> list[ListStatement]:
    """The statements that count now about lists of these kinds, of the organisations among `things`.

    Args:
        kinds: the `lists` of a saved query, such as `list-memberships`.
        things: every term of the answer and of its parameters.
        store: the graph that was asked.
    """
    wanted = {Iri(CONCEPT + kind) for kind in kinds}
    named = set(things)
    answer = store.query(_CURRENT)
    rows = list(answer) if isinstance(answer, Solutions) else []
    found = [
        ListStatement(
            row["organization"],
            row["kind"],
            row["completeness"],
            _value(row.get("date")),
            row.get("place"),
            row.get("role"),
        )
        for row in rows
        if row["kind"] in wanted and row["organization"] in named
    ]
    # Servers do not agree on where an empty cell stands in an order.
    return sorted(found, key=_order)


def _order(each: ListStatement) -> tuple[str, ...]:
    cells = (each.organization, each.kind, each.place, each.role, each.completeness)
    return (*("" if cell is None else str(cell) for cell in cells), each.date)


def counted_lists(
    statements: Sequence[ListStatement],
    things: Iterable[Term | None],
    kinds: Sequence[str],
    store: Store,
    *,
    day: str,
    prefixes: Mapping[str, str],
) -> tuple[ListCount, ...]:
    """How many are known of each list whose number a source states, or that somebody has judged complete.

    Args:
        statements: what is judged about the lists (`lists_behind`).
        things: every term of the answer and of its parameters.
        kinds: the kinds of lists that the question relies on.
        store: the graph that was asked.
        day: the day that it holds for; the latest number until then counts.
        prefixes: for names.
    """
    wanted = {Iri(CONCEPT + kind) for kind in kinds}
    stated: dict[tuple[Term, Term, Term | None], Mapping[str, Term]] = {}
    for row in _stated({each for each in things if isinstance(each, Iri)}, store):
        key, date = (row["organization"], row["kind"], row.get("role")), _value(row["date"])
        if row["kind"] in wanted and date <= day[: len(date)] and date > _value(stated.get(key, {}).get("date")):
            stated[key] = row
    complete: dict[tuple[Term, Term, Term | None], list[Term | None]] = {}
    for each in statements:
        if each.completeness == Iri(CONCEPT + "complete"):
            complete.setdefault((each.organization, each.kind, each.role), []).append(each.place)
    # A list that is complete whatever the role is so for each role of which a number is stated.
    bare = {(organization, kind, None) for organization, kind, _ in stated}
    keys = sorted({*stated, *(complete.keys() - bare)}, key=lambda key: tuple(str(each or "") for each in key))
    known = _known(keys, store)
    labels = _labels(keys, stated.values(), complete.values(), store, prefixes)
    return tuple(_counted(key, known.get(key, 0), stated.get(key), _places(key, complete), labels) for key in keys)


def _stated(organizations: Collection[Term], store: Store) -> Iterable[Mapping[str, Term]]:
    """The numbers that sources state about these organisations, whatever of them."""
    if len(organizations) <= MANY:
        return ask_about(_STATED, {"organization": sorted(organizations, key=str)}, store)
    # One reading of all that is stated costs less than many questions about parts of it.
    answer = store.query(_STATED.replace("{values}", ""))
    rows = answer if isinstance(answer, Solutions) else ()
    return (row for row in rows if row["organization"] in organizations)


def _places(
    key: tuple[Term, Term, Term | None], complete: Mapping[tuple[Term, Term, Term | None], list[Term | None]]
) -> tuple[Term | None, ...]:
    organization, kind, role = key
    found = [*complete.get(key, ()), *(complete.get((organization, kind, None), ()) if role is not None else ())]
    return tuple(dict.fromkeys(found))


def _known(keys: Iterable[tuple[Term, Term, Term | None]], store: Store) -> dict[tuple[Term, Term, Term | None], int]:
    """How many stand on each list on the day."""
    by_kind: dict[str, list[Term]] = {}
    for organization, kind, _ in keys:
        by_kind.setdefault(str(kind)[1:-1].removeprefix(CONCEPT), []).append(organization)
    found: dict[tuple[Term, Term, Term | None], int] = {}
    for name, organizations in by_kind.items():
        kind = Iri(CONCEPT + name)
        given = {"organization": list(dict.fromkeys(organizations))}
        if name == "list-memberships":
            for text_ in (_MEMBERS, _ALL_MEMBERS):
                for row in ask_about(text_, given, store):
                    found[row["organization"], kind, row.get("role")] = int(_value(row["known"]))
        elif name in _OTHERS:
            pattern = f"SELECT DISTINCT ?organization ?one WHERE {{ {{values}} {_OTHERS[name]} }}"
            for row in ask_about(_HEAD + pattern, given, store):
                key = (row["organization"], kind, None)
                found[key] = found.get(key, 0) + 1
    return found


def _labels(
    keys: Iterable[tuple[Term, Term, Term | None]],
    stated: Iterable[Mapping[str, Term]],
    complete: Iterable[Iterable[Term | None]],
    store: Store,
    prefixes: Mapping[str, str],
) -> Labels:
    named = [each for key in keys for each in key]
    named += [row.get("approximation") for row in stated]
    named += [place for places in complete for place in places]
    return names_of(named, store, prefixes=prefixes)


def _counted(
    key: tuple[Term, Term, Term | None],
    known: int,
    row: Mapping[str, Term] | None,
    complete: tuple[Term | None, ...],
    labels: Labels,
) -> ListCount:
    organization, kind, role = key
    what = role if role is not None else kind
    stated, date, parts = None, "", []
    if row is not None:
        stated, date = _number(row, labels), _value(row["date"])
        parts.append(text("interface.account.stated").filled(known=known, stated=stated, date=date))
    if None in complete:
        parts.append(text("interface.account.complete"))
    elif complete:
        places = _each(lambda language: ", ".join(labels.of(one, language) for one in complete if one is not None))
        parts.append(text("interface.account.complete_for").filled(places=places))
    words = text("interface.account.list").filled(
        organization=_each(lambda language: labels.of(organization, language)),
        what=_each(lambda language: labels.of(what, language)),
        said=_each(lambda language: ", ".join(part.in_language(language) for part in parts)),
    )
    return ListCount(organization, what, known, stated, date, complete, words)


def _number(row: Mapping[str, Term], labels: Labels) -> Text:
    """A number as the source has it: exact, about or more than, or from one to another."""
    to, approximation = row.get("to"), row.get("approximation")
    number = _value(row["value"]) + (f"–{_value(to)}" if to is not None else "")
    if to is not None or approximation is None or approximation == Iri(CONCEPT + "exact"):
        return Text(number, number)
    return _each(lambda language: f"{labels.of(approximation, language)} {number}")


def _each(words: Callable[[str], str]) -> Text:
    return Text(*(words(language) for language in LANGUAGES))


def _value(term: Term | None) -> str:
    return term.value if isinstance(term, Literal) else ""


def _short(term: Term | None, prefixes: Mapping[str, str]) -> str:
    return compress(term.value, prefixes) if isinstance(term, Iri) else str(term or "")
