"""The edits that a person makes: add, change, end, confirm, dispute, retract and withhold, each as a plan that is not written yet."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

from citygraph.edit.answers import SOURCE, Said, TypedValues
from citygraph.edit.facts import (
    Builder,
    Fact,
    StatementChange,
    Values,
    change_of,
    facts_of_kind,
    kind_of_fact,
    missing_fields,
    read_fact,
    told,
    with_defaults,
)
from citygraph.edit.kinds import FactKind, Kinds, Step
from citygraph.edit.passages import Passages
from citygraph.edit.plan import SELECTOR, EditPlan, Placing
from citygraph.edit.state import EditedGraph, Resolve
from citygraph.edit.withhold import withhold_person
from citygraph.errors import EditError
from citygraph.messages import LANGUAGES, Text, sentence, text
from citygraph.namespaces import CONCEPT, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.sources import TEXTS, excerpt_range

_DEPRECATED, _NORMAL = (Iri(CONCEPT + each) for each in ("rank-deprecated", "rank-normal"))
_UNTIL: Final = ("until", "ended-by")
_SHOWN: Final = 5
_OF_SAYING: Final = frozenset({SOURCE, "note", "as-of", "basis", "rank", "modality"})
"""What is about who says something, and not what is said."""
_RDF: Final = PREFIXES["rdf"]
_DAY: Final = Iri(PREFIXES["xsd"] + "date")


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an edit is made: the project folder, the texts of documents, the languages of labels, the day, and names of countries.

    `internal` are the patterns of files that are never published; `unread` is what is said of a file that could not be read;
    `waiting` what files are to hold by edits that are not written yet.
    """

    folder: Path
    sources_folder: Path
    languages: tuple[str, ...]
    today: date
    country_name: Callable[[str], Text]
    internal: tuple[str, ...] = ()
    unread: EditError | None = None
    waiting: Mapping[str, bytes] = field(default_factory=dict)


EditorAfter: TypeAlias = "Callable[[Mapping[str, bytes]], Editor]"
"""Makes what plans an edit as if some files held this, by their paths."""


class Editor:
    """Plans one edit of a graph; nothing is written here.

    An editor looks at the graph as it was read, so that each edit takes a new one.
    """

    def __init__(
        self, state: EditedGraph, kinds: Kinds, resolve: Resolve, workplace: Workplace, again: EditorAfter
    ) -> None:
        """Take the graph, the kinds of facts, what finds things by name, where the files are, and what makes another editor."""
        self.kinds = kinds
        self._state = state
        self._passages = Passages(state, workplace.sources_folder)
        self.answers = TypedValues(state, resolve, self._passages, workplace.languages)
        self._builder = Builder(state)
        self._again, self._waiting = again, workplace.waiting
        self._placing = Placing(
            state, workplace.folder, internal=workplace.internal, unread=workplace.unread, waiting=workplace.waiting
        )
        self._resolve, self._folder, self._sources = resolve, workplace.folder, workplace.sources_folder
        self._today, self._country_name = workplace.today, workplace.country_name
        self.languages = workplace.languages

    def add(self, kind: str, said: Said) -> EditPlan:
        """A new fact.

        Args:
            kind: its kind, by name.
            said: what a person says of it, option by option.

        Raises:
            EditError: the kind or an option is not known, something is missing, or there is such a fact already.
            QueryError: a name means nothing, or several things.
        """
        chosen = self.kinds.named(kind)
        values = self._with_defaults(chosen, self.answers.values(chosen, said))
        self._refuse_incomplete(chosen, values)
        self._refuse_known(chosen, values)
        fact = self._named(chosen, values)
        fact, triples = self._builder.statements(fact)
        former, change = self._succeeded(fact) if chosen.succeeds else ([], StatementChange())
        added = dict.fromkeys((*self._new(triples), *change.added))
        return self._plan("edit.said.add", fact, StatementChange(change.removed, tuple(added)), [fact, *former])

    def after(self, plan: EditPlan) -> Editor:
        """What plans the next edit, as if this one were written; both are written as one, see `plan.joined`."""
        return self._again({**self._waiting, **plan.contents})

    @property
    def state(self) -> EditedGraph:
        """The graph that the edit starts from."""
        return self._state

    def fact(self, iri: str) -> Fact:
        """The fact at an address.

        Raises:
            EditError: there is none, or it is of a kind that cannot be changed here.
        """
        fact, _ = self._meant(f"<{iri}>", ())
        return fact

    def change(self, what: str, said: Said, *, cleared: Collection[str] = ()) -> EditPlan:
        """Other values for some fields of a fact; a source that is named joins those that it has.

        Args:
            what: the fact, by address, or its kind, with the options that tell it from others in `said`.
            said: the new values.
            cleared: fields that lose the values they have, before they get new ones.

        Raises:
            EditError: as for `add`; or no such fact, or several.
            QueryError: a name means nothing, or several things.
        """
        fact, rest = self._meant(what, said)
        new = self.answers.values(fact.kind, rest)
        if not new and not cleared:
            raise EditError(
                sentence("edit.nothing"), fix=sentence("edit.next.fields", options=self._options(fact.kind))
            )
        left = {option: values for option, values in fact.values.items() if option not in cleared}
        merged = self._merged(replace(fact, values=left), new)
        self._refuse_incomplete(fact.kind, merged)
        return self._replaced("edit.said.change", fact, merged)

    def end(self, what: str, said: Said) -> EditPlan:
        """The day on which a fact ceased to hold.

        Args:
            what: as for `change`.
            said: `on` or `until` with a day, a month or a year, or `ended-by` with a day; a source if there is one.

        Raises:
            EditError: as for `change`; or the fact has ended already, or is of a kind that has no end.
            QueryError: a name means nothing, or several things.
        """
        fact, rest = self._meant(what, self._as_option("until", "on", said))
        if not fact.kind.has("until"):
            raise EditError(sentence("edit.no_end", title=fact.kind.title), fix=sentence("edit.next.no_end"))
        new = self.answers.values(fact.kind, rest)
        if not any(new.get(each) for each in _UNTIL):
            raise EditError(sentence("edit.end_when"), fix=sentence("edit.next.end_when"))
        known = [each.value for option in _UNTIL for each in fact.values.get(option, ()) if isinstance(each, Literal)]
        if known:
            given = next(each.value for option in _UNTIL for each in new.get(option, ()) if isinstance(each, Literal))
            message = sentence("edit.ended", fact=self._short(fact.iri), known=known[0], given=given)
            raise EditError(message, fix=sentence("edit.next.ended", fact=self._short(fact.iri), given=given))
        return self._replaced("edit.said.end", fact, self._merged(fact, new))

    def confirm(self, what: str, said: Said) -> EditPlan:
        """One more day on which a fact is known to hold: `on`, or today.

        Args:
            what: as for `change`.
            said: the day, and a source if there is a new one.

        Raises:
            EditError: as for `change`; or the fact has ended, or is of a kind that is of one day anyhow.
            QueryError: a name means nothing, or several things.
        """
        return self._replaced("edit.said.confirm", *self._confirmed(what, said))

    def confirm_each(self, facts: Sequence[tuple[str, Said]]) -> EditPlan:
        """Several facts in one plan, each confirmed by a source; one of a kind that is of one day anyhow gets the source alone.

        Args:
            facts: of each its address, and what is said of it as for `confirm`.

        Raises:
            EditError: as for `confirm`, but for a kind that is of one day; or none of them would be another afterwards.
            QueryError: a name means nothing, or several things.
        """
        changed: list[Fact] = []
        removed: list[Triple] = []
        added: dict[Triple, None] = {}
        told_: list[Text] = []
        described: set[str] = set()
        for what, said in facts:
            is_of_days = self.fact(expand(what, self._state.prefixes) or what).kind.has("as-of")
            fact, rest = self._meant(what, said)
            merged = (
                self._confirmed(what, said)[1]
                if is_of_days
                else self._merged(fact, self.answers.values(fact.kind, rest))
            )
            new, difference = self._difference(fact, merged)
            if not difference.added and not difference.removed:
                continue
            words = told(new, self._state.labels_with(difference.added))
            passages = [each for each in self._passages.statements(words) if str(each.subject) not in described]
            described |= {str(each.subject) for each in passages}
            changed.append(new)
            removed += difference.removed
            added |= dict.fromkeys((*self._new(passages), *difference.added))
            told_.append(text("edit.said.confirm").filled(fact=words, name=self._short(new.iri)))
        if not changed:
            raise EditError(sentence("edit.same"), fix=sentence("edit.next.same"))
        changes = self._placing.changes(StatementChange(tuple(dict.fromkeys(removed)), tuple(added)), changed)
        return EditPlan(changes, tuple(told_), tuple(each.iri for each in changed))

    def _confirmed(self, what: str, said: Said) -> tuple[Fact, Values]:
        fact, rest = self._meant(what, self._as_option("as-of", "on", said))
        if not fact.kind.has("as-of"):
            raise EditError(sentence("edit.no_confirm", title=fact.kind.title), fix=sentence("edit.next.no_confirm"))
        if any(fact.values.get(each) for each in _UNTIL):
            raise EditError(
                sentence("edit.confirm_ended", fact=self._short(fact.iri)), fix=sentence("edit.next.confirm_ended")
            )
        if _DEPRECATED in fact.values.get("rank", ()):
            message = sentence("edit.confirm_retracted", fact=self._short(fact.iri))
            raise EditError(message, fix=sentence("edit.next.confirm_retracted"))
        new = self.answers.values(fact.kind, rest)
        if not new.get("as-of"):
            source = new.get(SOURCE, ())
            day = self._passages.day(source[0]) if source and isinstance(source[0], Iri) else None
            new["as-of"] = (day or Literal(self._today.isoformat(), datatype=_DAY),)
        new["as-of"] = (*fact.values.get("as-of", ()), *new["as-of"])
        return fact, with_defaults(fact.kind, self._merged(fact, new), lambda: None, self._state.labels_with())

    def retract(self, what: str, said: Said) -> EditPlan:
        """A fact that does not hold: it stays, as rejected; one of a kind that nobody ranks goes.

        Args:
            what: as for `change`.
            said: `because` with the reason.

        Raises:
            EditError: as for `change`; or other facts refer to what would go, or a reason is given for what goes altogether.
            QueryError: a name means nothing, or several things.
        """
        fact, rest = self._meant(what, self._as_option("note", "because", said))
        if not fact.kind.has("rank"):
            self._refuse_said(fact.kind, said, rest)
            return self._removed(fact)
        new = self.answers.values(fact.kind, rest)
        new["note"] = (*fact.values.get("note", ()), *new.get("note", ()))
        return self._replaced("edit.said.retract", fact, {**self._merged(fact, new), "rank": (_DEPRECATED,)})

    def dispute(self, what: str, said: Said) -> EditPlan:
        """A disagreement between a fact and another source: the rival fact, and the point on which they differ.

        Args:
            what: as for `change`.
            said: the fields that the other source says otherwise, and that source; `because` for the point.

        Raises:
            EditError: as for `add`; or the other source says nothing else.
            QueryError: a name means nothing, or several things.
        """
        reasons = [("note", value) for option, value in said if option == "because"]
        fact, rest = self._meant(what, [each for each in said if each[0] != "because"])
        if not fact.kind.has("rank"):
            raise EditError(sentence("edit.no_dispute", title=fact.kind.title), fix=sentence("edit.next.no_dispute"))
        new = self.answers.values(fact.kind, rest)
        kept = {each: fact.values[each] for each in fact.kind.known_by if each in fact.values}
        rank = _NORMAL if fact.kind.constants else _DEPRECATED
        values = self._with_defaults(fact.kind, {**kept, **new, "rank": (rank,)})
        self._refuse_incomplete(fact.kind, values)
        if all(new[each] == fact.values.get(each) for each in new if each not in _OF_SAYING):
            raise EditError(sentence("edit.same"), fix=sentence("edit.next.same"))
        telling = {*fact.kind.known_by, *new} - _OF_SAYING
        self._refuse_there(
            facts_of_kind(fact.kind, {each: values[each] for each in telling if values.get(each)}, self._state)
        )
        rival, triples = self._builder.statements(self._named(fact.kind, values))
        point = self.kinds.named("disagreement")
        labels = self._state.labels_with(triples)
        name = text("edit.said.point").filled(first=told(fact, labels), second=told(rival, labels))
        about: Values = {
            "name": tuple(Literal(name.in_language(each), language=each) for each in ("nb", "en")),
            "side": (Iri(fact.iri), Iri(rival.iri)),
            "follows": (Iri(fact.iri),),
            **self.answers.values(point, reasons),
        }
        disagreement = Fact(
            point, self._state.free([f"disagreement-{fact.iri.rpartition('/')[2].removeprefix('claim-')}"]), about
        )
        disagreement, more = self._builder.statements(disagreement)
        added = self._new([*triples, *more])
        return self._plan("edit.said.dispute", rival, StatementChange(added=added), [rival, disagreement])

    def withhold(self, what: str, said: Said) -> EditPlan:
        """A person whose name goes from every file, while the offices stay.

        Args:
            what: the person, by name or address.
            said: nothing.

        Raises:
            EditError: something is said beside the name, or a file cannot be changed.
            QueryError: the name means nobody, or several.
        """
        if said:
            raise EditError(sentence("edit.withhold_said"), fix=sentence("edit.next.withhold_said"))
        person = self._resolve(what, (PREFIXES["foaf"] + "Person",)).value
        held = withhold_person(person, self._state, self._folder, self._sources, today=self._today)
        said_ = [
            text("edit.said.withhold").filled(name=self._short(held.person), count=held.facts, files=len(held.files))
        ]
        if held.left:
            said_.append(text("edit.said.withheld_left").filled(files=", ".join(held.left)))
        return EditPlan(held.files, (*said_, text("edit.said.withheld_elsewhere")), (held.person,))

    # -- how ----------------------------------------------------------------------------------------------

    def _as_option(self, option: str, word: str, said: Said) -> list[tuple[str, str]]:
        """What is said with the word of an edit as the option that it is; what is wrong with it is told with the word."""
        if any(each == word for each, _ in said):
            self.answers.called[option] = word
        return [(option if each == word else each, value) for each, value in said]

    def _with_defaults(self, kind: FactKind, values: Values) -> Values:
        sources = [each for each in values.get(SOURCE, ()) if isinstance(each, Iri)]
        day = next((self._passages.day(each) for each in sources), None)
        return with_defaults(kind, values, lambda: day, self._state.labels_with())

    def _named(self, kind: FactKind, values: Values) -> Fact:
        """A new fact; a document that comes as a file is named after it."""
        name = self.answers.file_name
        if not name or kind.space != "source/":
            return self._builder.named(kind, values)
        iri = f"{self._state.base}source/{name}"
        if iri in self._state.said:
            message = sentence("edit.document_there", name=self._short(iri))
            raise EditError(message, fix=sentence("edit.next.document_there", name=name))
        return Fact(kind, iri, values)

    def _succeeded(self, fact: Fact) -> tuple[list[Fact], StatementChange]:
        """What was said of the same thing until now, ended on the day on which the new fact begins.

        Where no claim carries it, one is made with the source of the new fact.
        """
        day, about = fact.one(fact.kind.succeeds), fact.one(fact.kind.beside)
        step = Step(_RDF + "object")
        predicate = next((each.value for each in fact.kind.constants if each.path == (Step(_RDF + "predicate"),)), None)
        value = Iri(fact.nodes[(step,)]) if (step,) in fact.nodes else self._value(fact, step)
        if day is None or not isinstance(about, Iri) or not isinstance(predicate, Iri):
            return [], StatementChange()
        facts: list[Fact] = []
        removed: list[Triple] = []
        added: list[Triple] = []
        for old in self._state.objects(about.value, predicate.value):
            if old == value or (
                isinstance(old, Literal) and isinstance(value, Literal) and old.language != value.language
            ):
                continue
            former, before = self._former(fact, about, predicate, old)
            if any(former.values.get(each) for each in _UNTIL):
                continue
            sources = tuple(dict.fromkeys((*former.values.get(SOURCE, ()), *fact.values.get(SOURCE, ()))))
            ended, after = self._builder.statements(
                replace(former, values={**former.values, "until": (day,), SOURCE: sources})
            )
            changed = change_of(before, after, self._state, ended)
            removed += changed.removed
            added += changed.added
            facts.append(ended)
        return facts, StatementChange(tuple(removed), tuple(added))

    def _value(self, fact: Fact, step: Step) -> Term | None:
        return next((fact.one(each.option) for each in fact.kind.fields if each.path == (step,)), None)

    def _former(self, fact: Fact, about: Iri, predicate: Iri, old: Term) -> tuple[Fact, list[Triple]]:
        """The claim about a statement that is there, or a new one; and what is said of it by now."""
        alike = (each for each in self.kinds.values() if each.constants == fact.kind.constants and not each.succeeds)
        kind, step = next(alike, fact.kind), Step(_RDF + "object")
        for claim in self._state.subjects(_RDF + "subject", about.value):
            said = self._state.said[claim]
            if predicate in said.get(_RDF + "predicate", ()) and old in said.get(_RDF + "object", ()):
                return self._builder.statements(read_fact(kind, claim, self._state))
        nodes: dict[tuple[Step, ...], str] = (
            {(step,): old.value} if isinstance(old, Iri) and (step,) in fact.nodes else {}
        )
        kept = {each: fact.values[each] for each in ("modality", "rank", kind.beside) if each in fact.values}
        for field_ in kind.fields:
            if field_.path == (step,):
                kept[field_.option] = (old,)
            elif field_.path[:1] == (step,) and field_.required and isinstance(old, Iri):
                kept[field_.option] = tuple(self._state.objects(old.value, field_.path[-1].predicate))
        return replace(self._builder.named(kind, kept), nodes=nodes), []

    def _refuse_said(self, kind: FactKind, said: Said, rest: Said) -> None:
        """Nothing is said of a fact that goes but what tells it from others, as a reason would be lost with it."""
        left = {option for option, _ in rest}
        named = [option for option, _ in said if option in left or (option == "because" and "note" in left)]
        if named:
            options = ", ".join(f"--{each}" for each in dict.fromkeys(named))
            message = sentence("edit.retract_said", title=kind.title, options=options)
            raise EditError(message, fix=sentence("edit.next.retract_said", options=options))

    def _refuse_incomplete(self, kind: FactKind, values: Values) -> None:
        missing = list(missing_fields(kind, values))
        if missing:
            named = ", ".join(f"--{each.option}" for each in missing)
            message = sentence("edit.missing", title=kind.title, options=named)
            raise EditError(
                message, fix=sentence("edit.next.missing", option=missing[0].option, about=missing[0].about)
            )

    def _refuse_known(self, kind: FactKind, values: Values) -> None:
        wanted = {each: values[each] for each in kind.known_by if values.get(each)}
        if len(wanted) < len(kind.known_by):
            return
        self._refuse_there(
            fact
            for fact in facts_of_kind(kind, wanted, self._state)
            if not any(fact.values.get(each) for each in _UNTIL) and _DEPRECATED not in fact.values.get("rank", ())
        )

    def _refuse_there(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            message = sentence("edit.known", fact=self._short(fact.iri), told=told(fact, self._state.labels_with()))
            raise EditError(message, fix=sentence("edit.next.known", fact=self._short(fact.iri)), fact=fact.iri)

    def _meant(self, what: str, said: Said) -> tuple[Fact, list[tuple[str, str]]]:
        """The fact that is meant, and what is said of it beyond that.

        Its address means it, or its kind with something that tells it from others: a kind alone means none, even where
        the graph has but one fact of it.
        """
        iri = expand(what, self._state.prefixes) or expand(f"id:{what}", self._state.prefixes)
        if iri is not None and iri in self._state.said:
            fact = kind_of_fact(iri, self.kinds, self._state)
            if fact is None:
                raise EditError(sentence("edit.no_kind_of", name=what), fix=sentence("edit.next.by_hand"))
            return fact, list(said)
        try:
            kind = self.kinds.named(what)
        except EditError:
            raise self._no_fact(what) from None
        telling = [each for each in said if each[0] in kind.known_by]
        rest = [each for each in said if each[0] not in kind.known_by]
        wanted = self.answers.values(kind, telling)
        found = facts_of_kind(kind, wanted, self._state)
        holding = [each for each in found if not any(each.values.get(option) for option in _UNTIL)]
        found = holding if len(found) > 1 and holding else found
        # Who leads a body is a member in the files; called by the kind, a membership is meant.
        own = [each for each in found if self._is_of(each.iri, kind)] if len(found) > 1 else []
        found = own or found
        if len(found) == 1 and wanted:
            fact = kind_of_fact(found[0].iri, self.kinds, self._state)
            return fact or found[0], rest
        near = found or self._near(kind, wanted)
        labels = self._state.labels_with()
        some = [(self._short(each.iri), told(each, labels)) for each in near[:_SHOWN]]
        more = ["…"] if len(near) > _SHOWN else []
        shown = Text(
            *(
                "; ".join([*(f"{iri} ({words.in_language(language)})" for iri, words in some), *more])
                for language in LANGUAGES
            )
        )
        key = "edit.which_not_told" if len(found) == 1 else "edit.several_facts" if found else "edit.no_such_fact"
        which = "edit.next.which_fact" if found else "edit.next.which_else"
        fix = sentence(which, facts=shown) if some else sentence("edit.next.add", kind=kind.name)
        raise EditError(sentence(key, title=kind.title, count=len(found)), fix=fix)

    def _is_of(self, iri: str, kind: FactKind) -> bool:
        fact = kind_of_fact(iri, self.kinds, self._state)
        return fact is not None and fact.kind is kind

    def _near(self, kind: FactKind, wanted: Values) -> list[Fact]:
        """The facts of which all but one thing is said."""
        return [
            fact
            for option in wanted
            for fact in facts_of_kind(kind, {each: wanted[each] for each in wanted if each != option}, self._state)
            if len(wanted) > 1
        ]

    def _no_fact(self, what: str) -> EditError:
        slugs = {iri.rpartition("/")[2]: iri for iri in self._state.said}
        near = difflib.get_close_matches(what.removeprefix("id:"), [*slugs, *self.kinds], n=3, cutoff=0.6)
        guesses = ", ".join(self._short(slugs[each]) if each in slugs else each for each in near)
        fix = sentence("edit.next.mean", guesses=guesses) if near else sentence("edit.next.fact")
        return EditError(sentence("edit.no_fact", name=what), fix=fix)

    def _merged(self, fact: Fact, new: Values) -> Values:
        """The values of a fact with others for some; sources are added, and a text is replaced in its own language."""
        merged = dict(fact.values)
        for option, values in new.items():
            old = fact.values.get(option, ())
            if option == SOURCE:
                merged[option] = tuple(dict.fromkeys((*old, *values)))
            elif fact.kind.field(option).is_text:
                languages = {each.language for each in values if isinstance(each, Literal)}
                kept = [each for each in old if isinstance(each, Literal) and each.language not in languages]
                merged[option] = (*kept, *values)
            else:
                merged[option] = values
        return merged

    def _replaced(self, key: str, fact: Fact, values: Values) -> EditPlan:
        new, changed = self._difference(fact, values)
        if not changed.added and not changed.removed:
            raise EditError(sentence("edit.same"), fix=sentence("edit.next.same"))
        return self._plan(key, new, changed, [new])

    def _difference(self, fact: Fact, values: Values) -> tuple[Fact, StatementChange]:
        """A fact with other values, and how the graph changes with it."""
        fact, before = self._builder.statements(fact)
        new, after = self._builder.statements(replace(fact, values=values))
        return new, change_of(before, after, self._state, fact)

    def _removed(self, fact: Fact) -> EditPlan:
        """A fact that goes altogether, with the nodes below it and what points to them."""
        own = {fact.iri, *fact.nodes.values()}
        is_document = fact.kind.space == "source/"
        said = self._state.said if is_document else ()
        passages = [each for each in said if (at := excerpt_range(each)) and at.source == fact.iri]
        # A passage that no fact names goes with its document, and one that a fact names is told as that fact.
        own |= {each for passage in passages for each in (passage, f"{passage}{SELECTOR}")}
        fact, statements = self._builder.statements(fact)
        points = {each.subject.value for each in statements if isinstance(each.subject, Iri)} - own
        users = {
            subject
            for iri in own
            for subjects in self._state.said_of.get(iri, {}).values()
            for subject in subjects
            if subject not in own | points
        }
        if users:
            shown = ", ".join(self._short(each) for each in sorted(users)[:5])
            message = sentence("edit.in_use", fact=self._short(fact.iri), count=len(users))
            raise EditError(message, fix=sentence("edit.next.in_use", facts=shown))
        gone_with_it = [
            Triple(Iri(iri), Iri(predicate), value)
            for iri in sorted(own)
            for predicate, values in self._state.said.get(iri, {}).items()
            for value in values
        ]
        links = [each for each in statements if isinstance(each.subject, Iri) and each.subject.value in points]
        gone = tuple(dict.fromkeys(each for each in (*gone_with_it, *links) if self._state.states(each)))
        plan = self._plan("edit.said.remove", fact, StatementChange(removed=gone), [])
        name = fact.iri.rpartition("/")[2] if is_document else ""
        places = (self._sources / name, self._sources / TEXTS / f"{name}.txt") if name else ()
        kept = ", ".join(str(each) for each in places if each.is_file())
        return replace(plan, told=(*plan.told, text("edit.said.text_stays").filled(files=kept))) if kept else plan

    def _plan(self, key: str, fact: Fact, changed: StatementChange, facts: Sequence[Fact]) -> EditPlan:
        """The plan of a difference, with the passages that are new, and the sentence that says what it does."""
        countries = self._new(self.answers.countries(fact.values.get(SOURCE, ()), self._country_name))
        labels = self._state.labels_with((*countries, *changed.added))
        words = told(fact, labels)
        passages = self._passages.statements(words) if self._passages.new else []
        whole = StatementChange(changed.removed, (*self._new(passages), *countries, *changed.added))
        changes = self._placing.changes(whole, facts)
        said = [text(key).filled(fact=words, name=self._short(fact.iri))]
        if key == "edit.said.add":
            former = [
                text("edit.said.end").filled(fact=told(each, labels), name=self._short(each.iri)) for each in facts[1:]
            ]
            said += former
        iris = tuple(each.iri for each in facts) or (fact.iri,)
        return EditPlan(changes, tuple(said), iris, dict(self.answers.files))

    def _new(self, triples: Iterable[Triple]) -> tuple[Triple, ...]:
        return tuple(each for each in triples if not self._state.states(each))

    def _short(self, iri: str) -> str:
        return compress(iri, self._state.prefixes)

    def _options(self, kind: FactKind) -> str:
        return ", ".join(f"--{each.option}" for each in kind.fields)
