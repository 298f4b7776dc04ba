"""What a form is filled in with from the words of a sentence: the names, days, numbers and roles that are read there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from citygraph.edit.facts import fits_field
from citygraph.edit.kinds import FactField, FactKind
from citygraph.matching.names import plain
from citygraph.namespaces import CG, PREFIXES, expand
from citygraph.rdf import Iri
from citygraph.read.mentions import KnownNames, NamedWords
from citygraph.read.patterns import Slot, pattern_book
from citygraph.read.propose import Proposal
from citygraph.read.sentences import TextSentence

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.state import EditedGraph

Said = list[tuple[str, str]]
_NETWORK: Final = CG + "CityNetwork"
_CONCEPT: Final = PREFIXES["skos"] + "Concept"
_SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "member": ("holder", "member"), "organization": ("network",), "subject": ("network",), "place": ("place",),
    "country": ("country",), "on-behalf-of": ("authority",), "comes-from": ("place",), "of": ("network", "authority"),
    "role": ("office", "public", "grade"), "indicator": ("indicator",), "page": ("page",), "value": ("number",),
    "frequency": ("frequency",), "month": ("month",), "date": ("date",), "since": ("date",), "until": ("date",),
}  # fmt: skip
"""What is looked for in a sentence, by the field that it would fill; what comes first goes first."""
_NAMED: Final = frozenset({"holder", "member", "authority"})
_BEGINNING: Final = frozenset({"joined", "office", "membership", "renaming", "move"})
_ABOUT: Final = ("organization", "subject")
_LONGEST_NAME: Final = 60


def values_from_words(
    kind: FactKind, place: tuple[int, int], sentence: TextSentence, found: Sequence[Proposal], editor: Editor
) -> Said:
    """What a form of a kind is filled in with, as the options of its fields.

    Args:
        kind: the kind that a person chose.
        place: the characters of the words that she chose, which stand in the sentence.
        sentence: the sentence.
        found: the proposals of the whole text, which tell what it is about; one of the same kind on the words says more.
        editor: what knows the graph.

    Returns:
        Values that the fields allow: a guess, which the person sees before anything is written.
    """
    own = next((e for e in found if e.kind == kind.name and place[0] <= e.start < place[1]), None)
    if own is not None:
        return list(own.said)
    words = _Words(sentence, place, editor)
    said: Said = []
    taken: set[str] = set()
    for field_ in kind.fields:
        value = _value_of(kind, field_, words, found, taken)
        taken.update(each for _, each in value)
        said += [pair for pair in value if pair[0] not in {option for option, _ in said}]
    return said


def _value_of(kind: FactKind, field_: FactField, words: _Words, found: Sequence[Proposal], taken: set[str]) -> Said:
    option = field_.option
    for sort in _sorts_of(kind, option):
        for value in words.find(option, sort):
            if value[0][1] not in taken and words.fits(field_, value[0][1]):
                return [each for each in value if kind.has(each[0])]
    if (
        option in _ABOUT
        and (about := about_until(found, words.end, words.state))
        and words.fits(field_, about)
        and about not in taken
    ):
        return [(option, about)]
    if (
        words.are_chosen
        and field_.required
        and (_is_in_words(kind, field_) or (option == "name" and len(words.chosen) <= _LONGEST_NAME))
    ):
        return [(option, words.chosen)]
    return []


def _sorts_of(kind: FactKind, option: str) -> tuple[str, ...]:
    if kind.name == "lead" and option == "organization":
        return ("group",)
    if option == "since" and kind.name not in _BEGINNING:
        return ()
    return _SORTS.get(option, ())


def _is_in_words(kind: FactKind, field_: FactField) -> bool:
    """Whether a field has what the words say themselves: an aim, a theme, what a relation goes to."""
    return (_CONCEPT in field_.classes and not field_.scheme) or (kind.name == "relation" and field_.option == "object")


def about_until(found: Sequence[Proposal], end: int, state: EditedGraph) -> str:
    """The network that a text is about at some place: the last one that a proposal until there is of, or names."""
    named = {each.said for one in found if one.kind == "network" if (each := one.value("name"))}
    for one in reversed([each for each in found if each.start < end]):
        for value in (one.value(option) for option in (*_ABOUT, "name")):
            iri = (expand(value.said, state.prefixes) or "") if value and ":" in value.said else ""
            if value and (value.said in named or _NETWORK in state.classes(iri)):
                return value.said
    return ""


class _Words:
    """The words of a sentence, those that were chosen first."""

    def __init__(self, sentence: TextSentence, place: tuple[int, int], editor: Editor) -> None:
        self.state = editor.state
        self._named = NamedWords(sentence, KnownNames(editor.state), pattern_book(), frozenset())
        self.end = sentence.end
        tokens = list(enumerate(sentence.tokens))
        self._inside = [at for at, each in tokens if place[0] <= each.start < place[1]]
        self._outside = [at for at, _ in tokens if at not in self._inside]
        self.chosen = self._named.words(self._inside[0], self._inside[-1] + 1).rstrip(" .") if self._inside else ""
        # A whole sentence is no name of anything; an item of a list may be.
        is_part = any(plain(tokens[at][1].text) for at in self._outside)
        self.are_chosen = bool(self._inside) and (is_part or sentence.kind == "item")

    def find(self, option: str, sort: str) -> Iterator[Said]:
        """What may stand in a field, as values of it and of those that come with it.

        What the graph knows goes first, then what stands in the chosen words; a figure or a day is looked for there alone.
        """
        found = [
            (
                [(option, each.words if sort == "group" and each.sort == "new" else each.said), *each.more]
                if each.said
                else list(each.more),
                at in self._inside,
            )
            for at in (*self._inside, *self._outside)
            for _, values in self._named.find(Slot(option, sort), at)[:1]
            for each in values
        ]
        yield from (value for value, _ in found if self._address(value[0][1]) in self.state.said)
        yield from (value for value, is_inside in found if is_inside)
        yield from (value for value, _ in found if sort in _NAMED)

    def _address(self, value: str) -> str:
        return (expand(value, self.state.prefixes) or "") if ":" in value and " " not in value else ""

    def fits(self, field_: FactField, value: str) -> bool:
        """Whether a field allows a value; a name that the graph does not have is one of something new."""
        iri = self._address(value)
        if iri not in self.state.said:
            return not iri and not field_.choices and not field_.scheme
        return fits_field(field_, Iri(iri), self.state)
