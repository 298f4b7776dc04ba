"""The properties of Wikidata that fit what the graph says: what of ours, how both are compared, and what is offered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from citygraph.matching.things import CODE_PROPERTIES
from citygraph.messages import Text, texts


class CompareWay(StrEnum):
    """How what we say and what an item says are held against each other."""

    ONE = "one"
    """A thing has one at a time: equal when one of theirs that holds is ours."""
    EACH = "each"
    """A thing has several: value by value, each with its beginning and end."""
    DAY = "day"
    """A figure: each belongs to its day."""
    CODE = "code"
    """An identifier: equal when the item has it too, whatever else it has."""
    QUALIFIER = "qualifier"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class LinkProperty:
    """One property: its id, how it is compared, what of ours it says, and the kinds of things that are always asked for it."""

    id: str
    way: CompareWay
    ours: str
    asked_of: frozenset[str] = frozenset()

    @property
    def words(self) -> Text:
        """Its name."""
        return texts("link")[f"property.{self.id}"]


MEMBER_OF: Final = "P463"
CHAIR: Final = "P488"
BOARD: Final = "P3320"
DIRECTOR: Final = "P1037"
COUNT: Final = "P2124"
FOUNDED: Final = "P571"
SEAT: Final = "P159"
SITE: Final = "P856"
COUNTRY: Final = "P17"
BEGIN, END, DAY_OF, CIRCUMSTANCES = "P580", "P582", "P585", "P1480"
PAGE, SEEN = "P854", "P813"
CIRCA: Final = "Q5727902"

OFFICES: Final = {
    "role-president": CHAIR,
    "role-acting-president": CHAIR,
    "role-chair": CHAIR,
    "role-board-chair": CHAIR,
    "role-vice-president": BOARD,
    "role-vice-chair": BOARD,
    "role-treasurer": BOARD,
    "role-secretary": BOARD,
    "role-board-member": BOARD,
    "role-secretary-general": DIRECTOR,
}
"""Our offices in a network or on its board, and the property of the network for each."""

_NETWORK: Final = frozenset({"network"})
PROPERTIES: Final = {
    each.id: each
    for each in (
        LinkProperty(FOUNDED, CompareWay.ONE, "`schema:foundingDate`", _NETWORK),
        LinkProperty(SEAT, CompareWay.ONE, "the place of `org:hasPrimarySite`", _NETWORK),
        LinkProperty(SITE, CompareWay.ONE, "`foaf:homepage`", _NETWORK),
        LinkProperty(
            COUNTRY, CompareWay.ONE, "`cg:inCountry`; of an authority that of its place",
            frozenset({"authority", "city", "region"}),
        ),
        LinkProperty(COUNT, CompareWay.DAY, "an observation of `concept:member-count`", _NETWORK),
        LinkProperty(CHAIR, CompareWay.EACH, "president, acting president, chair", _NETWORK),
        LinkProperty(DIRECTOR, CompareWay.EACH, "secretary general", _NETWORK),
        LinkProperty(BOARD, CompareWay.EACH, "vice-president, vice-chair, treasurer, secretary, member of the board", _NETWORK),
        LinkProperty(MEMBER_OF, CompareWay.EACH, "`org:Membership` with the role of a member", frozenset({"authority"})),
        *(LinkProperty(code, CompareWay.CODE, f"`adms:identifier` of `concept:{kind}`") for kind, code in CODE_PROPERTIES.items()),
        LinkProperty(BEGIN, CompareWay.QUALIFIER, "the beginning of the interval"),
        LinkProperty(END, CompareWay.QUALIFIER, "the end of the interval"),
        LinkProperty(DAY_OF, CompareWay.QUALIFIER, "`cg:asOf`, `schema:observationDate`"),
        LinkProperty(CIRCUMSTANCES, CompareWay.QUALIFIER, f"{CIRCA} (circa) when `cg:approximation` is not exact"),
        LinkProperty(PAGE, CompareWay.REFERENCE, "`foaf:page` of a public source"),
        LinkProperty(SEEN, CompareWay.REFERENCE, "`cg:dateNotAfter` of that source"),
    )
}  # fmt: skip
"""Every property that is read or written, by its id."""
