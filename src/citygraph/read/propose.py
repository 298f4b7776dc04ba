"""From a text to proposed facts, sentence by sentence: right where it speaks, silent where it does not know.

A proposal is a kind of fact with values for its fields, the exact words that it stands on, and how sure it is: *clear*,
*choose* (something may be several things, or what it is about follows from the text around it alone) or *new* (a thing
that the graph does not have). Negations, wishes, the past and what others are said to say give no proposal, but where a
kind has the modality. Nothing is accepted by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from citygraph.edit.kinds import FactKind, Kinds
from citygraph.matching.names import plain
from citygraph.messages import Text, text
from citygraph.read.figures import ReadValue, Sort
from citygraph.read.mentions import CONTEXT, KnownNames, NamedWords
from citygraph.read.patterns import Pattern, PatternBook, PatternMatch, Slot, matches, pattern_book
from citygraph.read.sentences import TextSentence, sentences_of, tokens_of
from citygraph.read.statement import Stated, clause_of, has_cue, other_years, stated
from citygraph.read.text import KeptText

_SLOT: Final = re.compile(r"\{([\w-]+)(?::\d+)?\}")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_ORGANIZATIONS: Final = ("organization", "subject")
_START: Final = 4
_HEADING: Final = 6
_ORDER: Final[Mapping[Sort, int]] = {"clear": 0, "choose": 1, "new": 2}


@dataclass(frozen=True, slots=True)
class ProposedValue:
    """The value of one field of a proposal: how an edit takes it, its words, and how sure it is."""

    option: str
    said: str
    words: str
    sort: Sort = "clear"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fact that a text may say.

    Attributes:
        number: its place among the proposals of the text, from 1.
        kind: the kind of fact, by its name.
        values: of its fields.
        start: the first character of the words that it stands on.
        end: the character behind the last one.
        words: the words, exactly as they stand in the text.
        sentence: the sentence that they are in.
        sort: `clear`, `choose` or `new`.
        pattern: which pattern found it.
    """

    number: int
    kind: str
    values: tuple[ProposedValue, ...]
    start: int
    end: int
    words: str
    sentence: TextSentence
    sort: Sort
    pattern: str

    def value(self, option: str) -> ProposedValue | None:
        """The value of a field, the first of several; `None` without one."""
        return next((each for each in self.values if each.option == option), None)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The values as `edit add` takes them, in the order of the fields."""
        return tuple((each.option, each.said) for each in self.values)


@dataclass(frozen=True, slots=True)
class _Beside:
    """A value that stands beside a match, and the words `start` to before `end` that it was read from."""

    value: ProposedValue
    start: int
    end: int


def told_proposal(proposal: Proposal, kinds: Kinds, known: KnownNames) -> Text:
    """A proposal as a sentence in both languages."""
    kind = kinds[proposal.kind]
    return Text(*(_told(proposal, kind, known, each) for each in ("nb", "en")))


def _told(proposal: Proposal, kind: FactKind, known: KnownNames, language: str) -> str:
    template, words = kind.told.in_language(language), _unsaid(kind, known, language)
    words = {option: word for option, word in words.items() if proposal.value(option) is None}
    for each in proposal.values:
        word = known.word(each.said, language)
        words[each.option] = f"{words[each.option]}, {word}" if each.option in words else word

    def optional(match: re.Match[str]) -> str:
        return match[1] if all(name in words for name in _SLOT.findall(match[1])) else ""

    return " ".join(_SLOT.sub(lambda slot: words.get(slot[1], "…"), _OPTIONAL.sub(optional, template)).split())


def _unsaid(kind: FactKind, known: KnownNames, language: str) -> dict[str, str]:
    """What holds of a fact of a kind of which nothing is said: its defaults, and the day of the document."""
    days = {each.option: text("proposals.day").in_language(language) for each in kind.fields if each.is_document_day and each.required}  # fmt: skip
    fixed = {each.option: known.labels.describe(each.default, language) for each in kind.fields if each.default and each.required}  # fmt: skip
    return {**days, **fixed}


def propose(kept: KeptText | str, known: KnownNames, kinds: Kinds, book: PatternBook | None = None) -> list[Proposal]:
    """The facts that a text may say, in its order.

    Args:
        kept: the text.
        known: the names of the graph.
        kinds: the kinds of facts; patterns for kinds that are not there are left out.
        book: the patterns; those of the program without it.

    Returns:
        Proposals; no two of one kind stand on the same words with the same values.
    """
    words = book or pattern_book()
    whole = kept.text if isinstance(kept, KeptText) else kept
    reader = _Reader(whole, sentences_of(kept, words), known, kinds, words)
    return [replace(each, number=number) for number, each in enumerate(reader.proposals(), start=1)]


class _Reader:
    """Reads the sentences of one text, and remembers which organisation it is about."""

    def __init__(
        self, text: str, sentences: Sequence[TextSentence], known: KnownNames, kinds: Kinds, book: PatternBook
    ) -> None:
        self._text, self._sentences, self._known, self._kinds, self._book = text, sentences, known, kinds, book
        self._common = frozenset(re.findall(r"(?<![^\W_])[a-zæøå][^\W_]+", text))
        self._about: ReadValue | None = None
        self._host: ReadValue | None = None
        self._introduced: dict[str, ReadValue] = {}
        self._before = ""

    def proposals(self) -> Iterator[Proposal]:
        for sentence in self._sentences:
            mentions = NamedWords(sentence, self._known, self._book, self._common, self._introduced, self._host)
            self._look_around(sentence, mentions)
            found = list(self._of_list(sentence, mentions)) if sentence.kind == "item" else []
            if sentence.kind == "heading" and "network" in self._kinds:
                found += self._of_heading(sentence, mentions)
            if sentence.kind != "heading" or _reads_as_sentence(sentence):
                found += [] if found else list(self._of_sentence(sentence, mentions))
            said = sorted(_without_doubles(found), key=lambda each: (each.start, each.end))
            yield from said
            self._look_back(said, mentions)
            self._before = self._subject_behind(sentence, mentions)

    def _subject_behind(self, sentence: TextSentence, mentions: NamedWords) -> str:
        """What the sentence before was about, as far as a pronoun in the next one means it."""
        if sentence.kind != "sentence":
            return ""
        subject = mentions.subject()
        is_pronoun = subject == "anaphor" and mentions.keys[0] in mentions.book.list("pronouns")
        return self._before if is_pronoun else subject

    # -- what the text is about ------------------------------------------------------------------------

    def _look_around(self, sentence: TextSentence, mentions: NamedWords) -> None:
        """Remember the organisation that a heading or the beginning of a sentence names."""
        named = self._networks(mentions)
        if sentence.kind == "heading":
            if named:
                sure = replace(named[0][1], sort="choose") if len({v.said for _, v in named}) > 1 else named[0][1]
                self._about = sure
            elif introduced := self._defined_by_heading(mentions):
                self._about = introduced
            return
        for at, value in named[:1]:
            if at <= _START and mentions.keys[max(0, at - 1)] not in mentions.book.list("of"):
                self._about = value
        introduced = self._introduction(sentence, mentions) or self._new_subject(mentions)
        if introduced is not None:
            self._about = introduced
        elif self._about is None and named:
            self._about = named[0][1]

    def _look_back(self, said: Sequence[Proposal], mentions: NamedWords) -> None:
        """Remember the network that a sentence is about who is a member of, and the authority that it begins with."""
        for each in said:
            role = each.value("role")
            is_public = (
                role is not None and role.said.removeprefix("concept:") in self._book.table("roles_public").values()
            )
            is_tie = each.kind in _OF_MEMBERS or (each.kind == "office" and not is_public)
            value = each.value("organization") if is_tie else None
            if value is None or not value.words or value.words.casefold() in mentions.book.list("anaphors"):
                continue
            if self._about is None or value.said != self._about.said:
                # It may be this one that the next sentences are about, or the one before.
                sort: Sort = "new" if value.sort == "new" else "choose"
                self._about = ReadValue(value.said, value.words, sort, value.choices)
        self._host = mentions.host() or self._host

    def _networks(self, mentions: NamedWords) -> list[tuple[int, ReadValue]]:
        """The networks of the graph, and those that the text has introduced, with their places."""
        found: list[tuple[int, ReadValue]] = []
        at = 0
        while at < len(mentions.keys):
            end, iris = mentions.named(at, "network")
            value = ReadValue(self._known.short(iris[0]), mentions.words(at, end)) if len(iris) == 1 else None
            if value is None:
                for last in range(min(len(mentions.keys), at + 6), at, -1):
                    value = self._introduced.get(re.sub(r"['’]?s\Z", "", mentions.words(at, last)).casefold()) or self._introduced.get(mentions.words(at, last).casefold())  # fmt: skip
                    end = last
                    if value is not None:
                        break
            if value is not None:
                found.append((at, value))
            at = end if value is not None else at + 1
        return found

    def _introduction(self, sentence: TextSentence, mentions: NamedWords) -> ReadValue | None:
        """A network that nobody knows, in the sentence that says it is one; its short form in brackets too."""
        for pattern in self._book.patterns(sentence.language):
            if pattern.kind != "network":
                continue
            for match in matches(pattern, mentions.keys, mentions.find):
                value = next((each.values[0] for each in match.slots if each.slot.option == "name"), None)
                if value is None or match.start > _START or len(value.words) < len("OAS"):
                    continue
                iris = self._known.called(plain(value.words), ("network", "organisation"))
                if iris:
                    return ReadValue(self._known.short(iris[0]), value.words)
                return self._introduce(value.words, mentions)
        return None

    def _new_subject(self, mentions: NamedWords) -> ReadValue | None:
        """A network that nobody knows, with which a sentence begins: its name is in capitals or has a word of such names."""
        if mentions.subject() not in {"name", "network"} or (
            self._networks(mentions)[:1] and self._networks(mentions)[0][0] == 0
        ):
            return None
        for end, (value, *_) in mentions.find(_NETWORK, 0):
            keys = mentions.keys[:end]
            has_word = any(each in mentions.book.list("organisation_words") for each in keys)
            if value.sort == "new" and (has_word or value.words.isupper()):
                return self._introduce(value.words, mentions)
        return None

    def _introduce(self, words: str, mentions: NamedWords) -> ReadValue:
        value = ReadValue(words, words, "new")
        self._introduced[words.casefold()] = value
        for first, short, last in zip(mentions.tokens, mentions.tokens[1:], mentions.tokens[2:], strict=False):
            if first.text == "(" and last.text == ")" and short.text.isupper():
                self._introduced[short.key] = value
        return value

    def _defined_by_heading(self, mentions: NamedWords) -> ReadValue | None:
        """A heading that is a name and nothing else, of something that is no place and no person."""
        slots = mentions.find(_NAME, 0) if mentions.keys else ()
        if not slots or slots[0][0] < len(mentions.keys) or len(mentions.keys) > _HEADING:
            return None
        words = slots[0][1][0].words
        looks_so = any(each in mentions.book.list("organisation_words") for each in mentions.keys) or words.isupper()
        if not looks_so or mentions.named(0, "place", "person", "authority")[1]:
            return None
        return self._introduce(words, mentions)

    # -- facts -----------------------------------------------------------------------------------------

    def _of_sentence(self, sentence: TextSentence, mentions: NamedWords) -> Iterator[Proposal]:
        for pattern in self._book.patterns(sentence.language):
            if pattern.kind not in self._kinds:
                continue
            for match in matches(pattern, mentions.keys, mentions.find):
                yield from self._stated(match, sentence, mentions)

    def _stated(
        self, match: PatternMatch[ReadValue], sentence: TextSentence, mentions: NamedWords
    ) -> Iterator[Proposal]:
        kind = self._kinds[match.pattern.kind]
        beside: list[_Beside] = []

        def is_dated() -> bool:
            beside.extend(self._beside(match, sentence, mentions))
            return bool(beside)

        said = stated(match, kind, sentence, mentions, self._book, is_dated=is_dated)
        if said is not None:
            beside = beside or ([] if sentence.kind == "item" else list(self._beside(match, sentence, mentions)))
            yield from self._made(match, said, beside, sentence, mentions)

    def _of_heading(self, sentence: TextSentence, mentions: NamedWords) -> Iterator[Proposal]:
        """A heading that is the name of a network, and one word more at most: the text says that there is one."""
        for at, value in self._networks(mentions)[:1]:
            length = len(tokens_of(value.words, 0, len(value.words)))
            if len(mentions.keys) - length <= 1:
                values = (ProposedValue("name", value.words, value.words, "choose"),)
                start, end = sentence.start, sentence.end
                yield Proposal(
                    0, "network", values, start, end, self._text[start:end], sentence, "choose", f"heading {at}"
                )

    def _of_list(self, sentence: TextSentence, mentions: NamedWords) -> Iterator[Proposal]:
        """The fact that an item of a list is, by what stands above the list."""
        keys = tuple(each.key for each in sentence.lead)
        if self._is_no_list(sentence, keys) or self._is_no_list(sentence, mentions.keys):
            return
        for pattern in self._book.leads(sentence.language):
            if pattern.kind not in self._kinds or not any(True for _ in matches(pattern, keys, lambda *_: ())):
                continue
            option = pattern.words_of
            slot = replace(_NAME, option=option, sort=_ITEM_SORTS.get(option, "item"))
            answers = mentions.find(slot, 0) if slot.sort != "item" else ()
            value = answers[0][1][0] if answers else ReadValue(sentence.text, sentence.text, "new")
            if slot.sort != "item" and not answers:
                continue
            values = [ProposedValue(option, value.said, value.words, value.sort, value.choices)]
            is_sure = slot.sort == "item" or answers[0][0] == len(mentions.keys)
            yield from self._proposal(
                pattern, values, (0, len(mentions.keys)), sentence, mentions, Stated(is_sure=is_sure)
            )
            return

    def _is_no_list(self, sentence: TextSentence, keys: Sequence[str]) -> bool:
        """Whether what stands above a list, or an item of it, denies, wishes or tells of the past."""
        cues = ("negation", "wish", "past", "past_verb", "reported", "ended", "list_of_other")
        return any(has_cue(self._book, each, sentence, keys, 0, len(keys)) for each in cues)

    def _made(
        self,
        match: PatternMatch[ReadValue],
        how: Stated,
        beside: Sequence[_Beside],
        sentence: TextSentence,
        mentions: NamedWords,
    ) -> Iterator[Proposal]:
        pattern = match.pattern
        many = next((each for each in match.slots if each.slot.many), None)
        is_of_now = self._has_no_other_year(match, beside, sentence, mentions)
        is_one_of = many is not None and any(each in self._book.list("or") for each in mentions.keys[many.start : many.end])  # fmt: skip
        how = replace(how, is_sure=how.is_sure and is_of_now and not is_one_of)
        single = [each for each in match.slots if each is not many]
        values = [pv for each in single if each.slot.option for pv in _proposed(each.slot.option, each.values[0])]
        bounds = match.first, match.last
        own = next((each for each in single if each.slot.option and each.slot.option == pattern.words_of), None)
        if own is not None:
            bounds = own.start, own.end
        days = [each.value for each in beside]
        if pattern.kind in _OF_MEMBERS and not any(each.slot.option == "member" for each in match.slots):
            # "… and left in 2018": who, is said at the beginning of the sentence.
            host = mentions.host()
            if host is None or match.start == 0:
                return
            values.append(ProposedValue("member", host.said, host.words, host.sort, host.choices))
        if many is None:
            yield from self._proposal(pattern, [*values, *days], bounds, sentence, mentions, how)
            return
        at = many.start
        for value in many.values:
            start, end = _place_of(value, at, many.end, mentions)
            at = end
            here = bounds if len(many.values) == 1 or pattern.whole else (start, end)
            proposed = [*values, *_proposed(many.slot.option, value), *days]
            yield from self._proposal(pattern, proposed, here, sentence, mentions, how)
            for end, network in self._more_networks(match, mentions):
                others = [each for each in proposed if each.option != "organization"]
                proposed_too = [*others, *_proposed("organization", network)]
                yield from self._proposal(pattern, proposed_too, (here[0], end), sentence, mentions, how)

    def _more_networks(self, match: PatternMatch[ReadValue], mentions: NamedWords) -> Iterator[tuple[int, ReadValue]]:
        """The networks of the graph behind the one that a match ends with: "a member of A, B and C"."""
        ends_so = match.slots[-1].slot.option == "organization" and match.slots[-1].end == match.end == match.last
        if match.pattern.kind not in _OF_MEMBERS or not ends_so:
            return
        found: list[tuple[int, ReadValue]] = []
        end = match.end
        while (at := mentions.behind_separator(end)) > end and at < len(mentions.keys):
            last, iris = mentions.named(at, "network")
            if len(iris) != 1:
                break
            found.append((last, ReadValue(self._known.short(iris[0]), mentions.words(at, last))))
            end = last
        if end == len(mentions.keys) or mentions.keys[end] in {".", ";"}:
            yield from found

    def _has_no_other_year(
        self,
        match: PatternMatch[ReadValue],
        beside: Sequence[_Beside],
        sentence: TextSentence,
        mentions: NamedWords,
    ) -> bool:
        """Whether every year of the clause is one of the fact: what holds now does not hold in a year beside it."""
        if match.pattern.with_past:
            return True
        placed = set[int]().union(*(range(each.start, each.end) for each in beside))
        return other_years(match, sentence, mentions, self._book) <= placed

    def _beside(
        self, match: PatternMatch[ReadValue], sentence: TextSentence, mentions: NamedWords
    ) -> Iterator[_Beside]:
        """The days that stand in the clause of a match, and not in brackets elsewhere: since when, until, as of when."""
        kind = self._kinds[match.pattern.kind]
        taken = {each.slot.option for each in match.slots}
        first, last = clause_of(mentions.keys, match.start, match.end, mentions.book.list("clause_words"))
        for pattern in self._book.adverbials(sentence.language):
            for each in matches(pattern, mentions.keys, mentions.find):
                is_of_other = each.start and mentions.keys[each.start - 1] == "(" and each.start - 1 != match.end
                if not first <= each.start < last or is_of_other:
                    continue
                values = [pv for slot in each.slots for pv in _proposed(slot.slot.option, slot.values[0])]
                values += [ProposedValue(option, said, "") for option, said in pattern.set.items()]
                for value in values:
                    option = "date" if value.option == "as-of" and kind.name in {"figure", "amount"} else value.option
                    if kind.has(option) and option not in taken:
                        taken.add(option)
                        yield _Beside(replace(value, option=option), each.start, each.end)

    def _proposal(
        self,
        pattern: Pattern,
        values: Sequence[ProposedValue],
        bounds: tuple[int, int],
        sentence: TextSentence,
        mentions: NamedWords,
        how: Stated,
    ) -> Iterator[Proposal]:
        kind = self._kinds[pattern.kind]
        given_here = {each.option for each in values}
        fixed = ((option, each) for option, each in pattern.set.items() if option not in given_here)
        said = [*values, *(ProposedValue(option, each, "") for option, each in fixed)]
        if how.modality and kind.has("modality"):
            said.append(ProposedValue("modality", how.modality, ""))
        option = next((each for each in _ORGANIZATIONS if kind.has(each)), "")
        given = next((each for each in said if each.option == option), None)
        if option and (given is None or given.said == CONTEXT):
            meant = self._meant(bounds, mentions, is_said=given is not None)
            subject = mentions.subject() if given is None and kind.name in _OF_SUBJECT else ""
            if meant is None or subject == "place":
                return
            is_doubtful = subject in {"name", "noun"} or self._is_loose(given, subject, how, mentions)
            if is_doubtful and meant.sort == "clear":
                meant = replace(meant, sort="choose")
            said = [*(each for each in said if each is not given), replace(meant, option=option)]
        if kind.name == "lead":
            said = [self._of_this_network(each) if each.option == "organization" else each for each in said]
        if any(each.said == CONTEXT for each in said) or lacks(kind, said) or _is_of_itself(said):
            return
        club = next((each for each in said if each.option == "organization" and kind.name in _OF_MEMBERS), None)
        if club is not None and club.sort == "new" and club.words:
            self._introduce(club.words, mentions)
        start, end = mentions.tokens[bounds[0]].start, mentions.tokens[bounds[1] - 1].end
        sort = max((each.sort for each in said), key=_ORDER.__getitem__)
        sort = "choose" if sort == "clear" and not (pattern.sure and how.is_sure) else sort
        order = {each.option: number for number, each in enumerate(kind.fields)}
        known = sorted((each for each in said if each.option in order), key=lambda each: order[each.option])
        yield Proposal(0, kind.name, tuple(known), start, end, self._text[start:end], sentence, sort, pattern.name)

    def _of_this_network(self, body: ProposedValue) -> ProposedValue:
        """A group of the graph that is called so, when it is one of the network of the text; else one that is new."""
        if body.sort == "new":
            return body
        if self._about is None:
            return replace(body, sort="choose")
        mine = [each for each in body.choices or (body.said,) if self._about.said in self._known.networks_of(each)]
        if len(mine) == 1:
            return replace(body, said=mine[0], sort=self._about.sort, choices=())
        return body if mine else replace(body, said=body.words, sort="new", choices=())

    def _is_loose(self, given: ProposedValue | None, subject: str, how: Stated, mentions: NamedWords) -> bool:
        """Whether words hang on the network of the text by too little.

        That is a pronoun behind a sentence about something else, or no word for it at all and other names before them.
        """
        pronoun = given.words.casefold() if given else mentions.keys[0] if subject == "anaphor" else ""
        others = {"place", "name", "noun"}
        is_of_it = (
            given is not None and mentions.subject() in others
        )  # "the group is led by Vienna, Turku is a member of it"
        if pronoun in mentions.book.list("pronouns") and (self._before in others or is_of_it):
            return True
        return how.is_of_other and given is None and not subject and not self._networks(mentions)

    def _meant(self, bounds: tuple[int, int], mentions: NamedWords, *, is_said: bool) -> ProposedValue | None:
        """The organisation that words are about which do not name it: the one named nearest before, else the text's."""
        named = self._networks(mentions)
        before = [value for at, value in named if at < bounds[0]]
        if not is_said and len({each.said for _, each in named}) == 1:
            value: ReadValue | None = named[0][1]
        elif not is_said and before:
            value = replace(before[-1], sort="choose" if before[-1].sort == "clear" else before[-1].sort)
        else:
            value = self._about
        return None if value is None else ProposedValue("", value.said, value.words, value.sort, value.choices)


_NAME: Final = Slot("name", "name")
_NETWORK: Final = Slot("organization", "network")
_OF_MEMBERS: Final = frozenset({"membership", "joined", "left"})
_OF_SUBJECT: Final = frozenset({"figure", "amount", "seat", "founding", "topic", "activity", "aim", "body", "meeting-rule", "move", "renaming", "website"})  # fmt: skip
"""Kinds about the subject of a sentence: where that is a city or a person, the organisation of the text is not meant."""
_ITEM_SORTS: Final = {"member": "member", "page": "page"}


def _reads_as_sentence(sentence: TextSentence) -> bool:
    """Whether a line without a full stop says something all the same, such as "For more: www.example.org"."""
    return any("." in each.text and len(each.text) > len("www.") for each in sentence.tokens)


def _proposed(option: str, value: ReadValue) -> list[ProposedValue]:
    own = [ProposedValue(option, value.said, value.words, value.sort, value.choices)] if value.said else []
    return own + [ProposedValue(each, said, value.words) for each, said in value.more]


def _place_of(value: ReadValue, start: int, end: int, mentions: NamedWords) -> tuple[int, int]:
    """The words of a value of a list."""
    for at in range(start, end):
        for last in range(end, at, -1):
            if mentions.words(at, last) == value.words:
                return at, last
    return start, end


def lacks(kind: FactKind, values: Iterable[ProposedValue]) -> bool:
    """Whether a field has no value that nothing but the sentence can give."""
    given = {each.option for each in values}
    missing = [
        each.option
        for each in kind.fields
        if each.required and each.option not in given and each.default is None and not each.is_document_day
        and not each.template.en and each.option not in {"source", "rank"}
    ]  # fmt: skip
    missing = [each for each in missing if not (kind.name == "renaming" and each == "since")]
    needs_figure = kind.name == "figure" and not given & {"value", "from"}
    return bool(missing) or needs_figure


def _is_of_itself(values: Iterable[ProposedValue]) -> bool:
    """Whether a thing would be a member, a body or a relation of itself."""
    ends = {each.option: each.said for each in values if each.option in {"member", "organization", "subject", "object"}}
    return len(set(ends.values())) < len(ends)


def _without_doubles(found: Sequence[Proposal]) -> Iterator[Proposal]:
    """The proposals without those that an earlier pattern has made of the same words."""
    kept: list[Proposal] = []
    for each in found:
        rivals = [one for one in kept if one.start < each.end and each.start < one.end and _compete(one, each)]
        if not rivals:
            kept.append(each)
            yield each


def _compete(one: Proposal, other: Proposal) -> bool:
    """Whether two proposals on the same words exclude each other."""
    belonging, heads = {"membership", "joined", "left"}, {"office", "lead"}
    if one.kind != other.kind and not {one.kind, other.kind} <= belonging and not {one.kind, other.kind} <= heads and not {one.kind, other.kind} <= {"seat", "move"}:  # fmt: skip
        return False
    telling = {"member", "topic", "activity", "aim", "object", "place", "name", "role", "value", "from", "organization"}
    mine = {(v.option, v.said) for v in one.values if v.option in telling}
    yours = {(v.option, v.said) for v in other.values if v.option in telling}
    if one.kind == "figure":
        return True
    if one.pattern == other.pattern and one.kind in _OF_MEMBERS and one.value("organization") != other.value("organization"):  # fmt: skip
        return False
    key = {"membership": "member", "joined": "member", "left": "member", "office": "member", "lead": "organization", "topic": "topic", "activity": "activity"}.get(one.kind)  # fmt: skip
    if key is None:
        return True
    return {v for v in mine if v[0] == key} == {v for v in yours if v[0] == key} or one.kind in {"topic", "activity"}
