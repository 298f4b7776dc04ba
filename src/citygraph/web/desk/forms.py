"""A fact as a form: fields made of its kind, what was typed in them, and what is wrong with each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from citygraph.edit.answers import OCCURRENCE, QUOTE, SOURCE
from citygraph.edit.facts import Fact, words_of_value
from citygraph.edit.kinds import FactField, FactKind
from citygraph.errors import CitygraphError, EditError, QueryError
from citygraph.messages import key_of, said_in, text, texts
from citygraph.namespaces import PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Term
from citygraph.sources import anchor_of

if TYPE_CHECKING:
    from citygraph.edit.changes import Editor
    from citygraph.edit.state import EditedGraph
    from citygraph.labels import Labels

_MOST_CHOICES: Final = 80
_MOST_SUGGESTED: Final = 1500
_MOST_SOURCES: Final = 5
_NAMING: Final = tuple(
    PREFIXES[prefix] + name for prefix, name in (("skos", "prefLabel"), ("foaf", "name"), ("dct", "title"))
)
_CONCEPT: Final = PREFIXES["skos"] + "Concept"
_DOCUMENT: Final = PREFIXES["foaf"] + "Document"
_OPTION: Final = re.compile(r"--([a-z][a-z-]*)")
_RARE: Final = range(51, 80)
"""The places of the fields about the basis of a date, the rank and how it is said."""
_ANSWER: Final = "f-"
_PICKED: Final = "p-"

Typed = dict[str, list[str]]
"""What was typed: by the name of the input, which is an option, or an option and a language; in order."""
Group = tuple[str, list[tuple[str, str]]]
"""An option, and what is said of it as options with their texts."""


@dataclass(frozen=True, slots=True)
class FormInput:
    """One place to type in: the value, what belongs to a source, and what a name that fits several can be."""

    name: str
    id: str
    value: str
    label: str = ""
    language: str = ""
    quote: str = ""
    occurrence: str = ""
    picks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form: `sort` says which element it is, and `given` what a fact has that stays.

    `makers` are the kinds of facts that add a thing which the field could name; `is_rare` are those about how something is said and followed, which a form shows behind the others.
    """

    option: str
    sort: str
    label: str
    about: str
    is_required: bool
    is_rare: bool
    inputs: tuple[FormInput, ...]
    choices: tuple[tuple[str, str], ...] = ()
    suggestions: str = ""
    given: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    makers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Faults:
    """What is wrong: in all, by option, and the things that a name may mean by the input that has it.

    `is_doubted` says that it can be written all the same, `is_asked` that nothing tells what a new thing is, of
    which `said_of_new` is what was said.
    """

    general: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    picks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fact: str = ""
    is_doubted: bool = False
    is_asked: bool = False
    said_of_new: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.general or self.fields)


class KindForm:
    """The form for a fact of one kind, or for what is said of one in an edit, in one language."""

    def __init__(self, kind: FactKind, editor: Editor, language: str, *, options: Iterable[str] | None = None) -> None:
        """A form with the fields of a kind.

        Args:
            kind: the kind.
            editor: what reads what was typed, on the files as they are now.
            language: that of the reader.
            options: the fields that are wanted; all without it. The path of a file is never asked for: it would be
                one on the server.
        """
        wanted = None if options is None else set(options)
        self.kind, self.language = kind, language
        self.fields = [
            each for each in kind.fields if not each.takes_file and (wanted is None or each.option in wanted)
        ]
        self._editor = editor
        self._labels: Labels = editor.state.labels_with()
        self._languages = editor.languages
        self.suggestions: dict[str, list[str]] = {}

    @property
    def state(self) -> EditedGraph:
        """The graph that names are looked up in."""
        return self._editor.state

    def input_of(self, option: str) -> str:
        """The name of the first input of an option: of a text in several languages that of the first."""
        return self._names(self.kind.field(option))[0][0] if self.kind.has(option) else option

    def takes_words(self, option: str) -> bool:
        """Whether a field takes what words say, such as an aim or what a relation goes to, and not only things with names."""
        if not self.kind.has(option):
            return False
        field_ = self.kind.field(option)
        return not field_.scheme and (
            _CONCEPT in field_.classes or (self.kind.name == "relation" and option == "object")
        )

    # -- what was typed -------------------------------------------------------------------------------

    def typed(self, form: Mapping[str, Sequence[str]]) -> Typed:
        """What a form says of the fields; a thing that was picked goes before the name that was typed."""
        found: Typed = {}
        for each in self.fields:
            for name, _ in self._names(each):
                values = list(form.get(_ANSWER + name, ()))
                for at in range(len(values)):
                    picked = form.get(f"{_PICKED}{name}-{at}", [""])[0]
                    values[at] = picked or values[at]
                found[name] = values if name == SOURCE else [value for value in values if value]
        for extra in (QUOTE, OCCURRENCE):
            found[extra] = list(form.get(_ANSWER + extra, ()))
        return found

    def typed_from(self, fact: Fact) -> Typed:
        """What a form says that was filled in with a fact; its sources are not asked for again."""
        found: Typed = {}
        for each in self.fields:
            if each.option == SOURCE:
                continue
            for name, language in self._names(each):
                found[name] = [
                    self.shown(value, each)
                    for value in fact.values.get(each.option, ())
                    if not language or (isinstance(value, Literal) and value.language in {language, ""})
                ]
        return found

    def groups(self, typed: Typed) -> list[Group]:
        """What is said, field by field, as the command line says it."""
        found: list[Group] = []
        for each in self.fields:
            if each.option == SOURCE:
                found += [(SOURCE, said) for said in self._sources(typed)]
            elif each.is_text:
                found.append((each.option, self._texts(each, typed)))
            else:
                found += [(each.option, [(each.option, value)]) for value in typed.get(each.option, ()) if value]
        return [group for group in found if group[1]]

    def _sources(self, typed: Typed) -> Iterable[list[tuple[str, str]]]:
        sources, quotes, places = (typed.get(name, []) for name in (SOURCE, QUOTE, OCCURRENCE))
        for at in range(max(len(sources), len(quotes))):
            source, quote, place = (values[at] if at < len(values) else "" for values in (sources, quotes, places))
            if source or quote:
                said = [(SOURCE, source), *([(QUOTE, quote)] if quote else [])]
                yield [*said, *([(OCCURRENCE, place)] if quote and place else [])]

    def _texts(self, field_: FactField, typed: Typed) -> list[tuple[str, str]]:
        """A text in each language; one that is said in one of them alone holds for all."""
        said = [(name, value) for name, _ in self._names(field_) for value in typed.get(name, ()) if value]
        return [(field_.option, said[0][1])] if len(said) == 1 else said

    def _names(self, field_: FactField) -> list[tuple[str, str]]:
        """The inputs of a field by name, each with the language of what is typed in it."""
        if field_.is_text and len(self._languages) > 1:
            return [(f"{field_.option}-{each}", each) for each in self._languages]
        return [(field_.option, "")]

    # -- what is wrong --------------------------------------------------------------------------------

    def faults(self, said: Sequence[Group], *, is_whole: bool) -> Faults:
        """What is wrong with each field for itself; in a form for a whole fact, also what is missing."""
        found = Faults()
        counts: dict[str, int] = {}
        for option, group in said:
            at = counts[option] = counts.get(option, -1) + 1
            try:
                self._editor.answers.values(self.kind, group)
            except (EditError, QueryError) as error:
                lines, picks = self.words(error), error.candidates if isinstance(error, QueryError) else ()
                # What comes nearest is there to be picked, and need not be told.
                found.fields.setdefault(option, []).extend(lines[:1] if picks else lines)
                found.picks[f"{option}-{at}"] = picks
        options = {option for option, _ in said}
        for each in self.fields if is_whole else ():
            if self.is_asked_for(each) and each.option not in options:
                found.fields.setdefault(each.option, []).append(self._said("desk.missing"))
        return found

    def add_error(self, found: Faults, error: CitygraphError) -> None:
        """Put what stopped the edit beside the field that it names, else above the form."""
        lines = self.words(error)
        named = [option for option in _OPTION.findall(f"{error.message} {error.fix}") if self._has(option)]
        if key_of(error.message) in {"edit.missing", "edit.one_value"} and named:
            found.fields.setdefault(named[0], []).extend(lines)
        else:
            found.general += lines
        found.fact = error.fact if isinstance(error, EditError) else ""

    def words(self, error: CitygraphError) -> list[str]:
        """What an error says to somebody who fills in a form: fields by their names, and no commands."""
        known = texts("desk")
        lines = []
        for said in (error.message, error.fix):
            if not said:
                continue
            instead = known.get(f"instead.{key_of(said).removeprefix('edit.').replace('.', '_')}")
            line = instead.in_language(self.language) if instead else said_in(said, self.language)
            lines.append(_OPTION.sub(lambda match: f"«{self._label(match[1])}»", line))
        return lines

    @staticmethod
    def is_asked_for(field_: FactField) -> bool:
        """Whether nothing else says what a field is when it is left empty."""
        has_other = field_.default is not None or field_.is_document_day or field_.template.en or field_.same_as
        return field_.required and not has_other

    def _has(self, option: str) -> bool:
        return any(each.option == option for each in self.fields)

    def _label(self, option: str) -> str:
        known = texts("desk").get(f"label.{option}")
        if known is None and self.kind.has(option):
            known = self.kind.field(option).name
        return known.in_language(self.language) if known else option

    def _said(self, key: str) -> str:
        return text(key).in_language(self.language)

    # -- what is shown --------------------------------------------------------------------------------

    def shown_fields(self, typed: Typed, faults: Faults, *, fact: Fact | None = None) -> list[FormField]:
        """The fields as a page shows them.

        Args:
            typed: what stands in them.
            faults: what is wrong.
            fact: the fact that is edited, whose sources stay.
        """
        return [self._field(each, typed, faults, fact) for each in self.fields]

    def _field(self, field_: FactField, typed: Typed, faults: Faults, fact: Fact | None) -> FormField:
        option = field_.option
        choices, sort = self._choices(field_), "text"
        if choices:
            # What a fact has stays, also where the list does not allow it any longer.
            allowed = {name for pair in choices for name in pair}
            choices += tuple((each, each) for each in typed.get(option, ()) if each and each not in allowed)
        if option == SOURCE:
            sort = "source"
        elif choices:
            sort = "choice"
        elif field_.is_text:
            sort = "long" if option == "note" else "text"
        given = fact.values.get(SOURCE, ()) if fact is not None and option == SOURCE else ()
        return FormField(
            option=option,
            sort=sort,
            label=field_.name.in_language(self.language),
            about=self._about(field_),
            is_required=self.is_asked_for(field_) and not given,
            is_rare=field_.order in _RARE,
            inputs=tuple(self._inputs(field_, typed, faults)),
            choices=choices,
            suggestions=self._suggested(field_) if sort in {"text", "source"} else "",
            given=tuple(self.shown(each, field_) for each in given[:_MOST_SOURCES]),
            errors=tuple(faults.fields.get(option, ())),
            makers=tuple(self._makers(field_)) if option in faults.fields and sort != "choice" else (),
        )

    def _about(self, field_: FactField) -> str:
        """What a field is for, without what it says to the command line."""
        known = texts("desk").get(f"about.{field_.option}")
        about = field_.about.in_language(self.language)
        return known.in_language(self.language) if known and "--" in about else about

    def _inputs(self, field_: FactField, typed: Typed, faults: Faults) -> Iterable[FormInput]:
        for name, language in self._names(field_):
            values = typed.get(name) or [""]
            if name == SOURCE:
                values = [*values, *[""] * (len(typed.get(QUOTE, ())) - len(values))]
            if field_.many and not field_.is_text and values[-1]:
                values = [*values, ""]
            for at, value in enumerate(values):
                picks = faults.picks.get(f"{name}-{at}", ())
                yield FormInput(
                    name=_ANSWER + name,
                    id=f"{_ANSWER}{name}-{at}",
                    value=value,
                    language=language,
                    label=self._said(f"desk.in_{language}") if language else "",
                    quote=_at(typed.get(QUOTE, ()), at) if name == SOURCE else "",
                    occurrence=_at(typed.get(OCCURRENCE, ()), at) if name == SOURCE else "",
                    picks=tuple((self.exact(Iri(each)), self._described(each)) for each in picks),
                )

    def _makers(self, field_: FactField) -> Iterable[tuple[str, str]]:
        """The kinds that add things which a field may name, by name and title: those whose facts are of its classes."""
        wanted = {_DOCUMENT} if field_.option == SOURCE else set(field_.classes)
        for kind in self._editor.kinds.values():
            # A fact about a thing is none that has a name.
            has_name = any(each.path[-1].predicate in _NAMING and len(each.path) == 1 for each in kind.fields)
            if has_name and any(not wanted.isdisjoint(self._editor.state.above(each)) for each in kind.classes):
                yield kind.name, kind.title.in_language(self.language)

    def _choices(self, field_: FactField) -> tuple[tuple[str, str], ...]:
        """What a field allows when that is a short list, in the order of the alphabet."""
        if not field_.choices and not field_.scheme:
            return ()
        allowed = self._editor.answers.choices(field_)
        if len(allowed) > _MOST_CHOICES:
            return ()
        named = [(self.exact(Iri(each)), self.shown(Iri(each), field_)) for each in allowed]
        return tuple(named if field_.choices else sorted(named, key=lambda each: each[1].casefold()))

    def _suggested(self, field_: FactField) -> str:
        """The id of the list of names that a field completes."""
        classes = (_DOCUMENT,) if field_.option == SOURCE else field_.classes
        if not classes:
            return ""
        key = "names-" + hashlib.sha256(" ".join(classes).encode()).hexdigest()[:8]
        if key not in self.suggestions:
            self.suggestions[key] = self._names_of(frozenset(classes))
        return key

    def _names_of(self, classes: frozenset[str]) -> list[str]:
        state = self._editor.state
        names = {
            self._labels.describe(Iri(subject), self.language)
            for subject, about in state.said.items()
            if any(each in about for each in _NAMING) and not classes.isdisjoint(state.classes(subject))
        }
        return sorted(names, key=str.casefold)[:_MOST_SUGGESTED]

    def _described(self, iri: str) -> str:
        """A thing that a name may mean: its name, and its address where two have the same."""
        return f"{self._labels.describe(Iri(iri), self.language)} ({compress(iri, self._editor.state.prefixes)})"

    def shown(self, value: Term, field_: FactField | None = None) -> str:
        """A value as a person reads it, and types it."""
        if isinstance(value, Iri) and (anchor := anchor_of(value.value)):
            return f"{words_of_value(Iri(anchor.source), self._labels, self.language)} ({anchor.fragment})"
        return words_of_value(value, self._labels, self.language, field_)

    def unmistakable(self, value: Iri, field_: FactField) -> str:
        """A thing by its name when that means it and nothing else, else by its address."""
        name = self.shown(value, field_)
        try:
            meant = self._editor.answers.values(self.kind, [(field_.option, name)]).get(field_.option, ())
        except (EditError, QueryError):
            meant = ()
        return name if meant == (value,) else self.exact(value)

    def exact(self, value: Term) -> str:
        """A value as it is typed when it must mean nothing else."""
        return (
            compress(value.value, self._editor.state.prefixes)
            if isinstance(value, Iri)
            else str(getattr(value, "value", value))
        )

    # -- what is new ----------------------------------------------------------------------------------

    def difference(self, fact: Fact, typed: Typed) -> tuple[list[Group], list[str]]:
        """What a form for a fact says otherwise than the fact: what is said, and the fields that lose their values.

        A value that stands as it was shown is the value it was, whatever else has that name.
        """
        before = self.typed_from(fact)
        said: list[Group] = []
        cleared: list[str] = []
        for each in self.fields:
            if each.option == SOURCE:
                said += [(SOURCE, group) for group in self._sources(typed)]
                continue
            known = {self.shown(value, each): self.exact(value) for value in fact.values.get(each.option, ())}
            now = self._now(each, typed, known)
            if all(values == before.get(name, []) for name, values in now.items()):
                continue
            if any(before.get(name) for name in now):
                cleared.append(each.option)
            if each.is_text:
                said += [(each.option, group) for group in [self._texts(each, typed)] if group]
            else:
                values = (known.get(value, value) for value in now[each.option])
                said += [(each.option, [(each.option, value)]) for value in values]
        return said, cleared

    def _now(self, field_: FactField, typed: Typed, known: Mapping[str, str]) -> Typed:
        """What stands in the inputs of a field; a value that was picked as it was before, as it is shown."""
        shown = {exact: name for name, exact in known.items()} if not field_.is_text else {}
        return {
            name: [shown.get(value, value) for value in typed.get(name, ()) if value] for name, _ in self._names(field_)
        }

    def conflicts(self, fact: Fact, typed: Typed) -> list[tuple[str, str, str]]:
        """The fields in which a form and a fact differ: what they are called, what was typed, and what the fact says."""
        now = self.typed_from(fact)
        found = []
        for each in self.fields:
            known = {self.shown(value, each): self.exact(value) for value in fact.values.get(each.option, ())}
            for name, mine in self._now(each, typed, known).items() if each.option != SOURCE else ():
                if mine != now.get(name, []):
                    label = each.name.in_language(self.language)
                    found.append((label, self._listed(mine), self._listed(now.get(name, []))))
        return found

    def _listed(self, values: Sequence[str]) -> str:
        """Values as people read them; what was picked from a list is called by its name."""
        known = self._editor.state.said
        things = [(each, expand(each, self._editor.state.prefixes)) for each in values]
        return ", ".join(self.shown(Iri(iri)) if iri in known else each for each, iri in things if each) or "–"


def state_of_fact(fact: Fact) -> str:
    """What tells whether a fact is still the one that a form was made from."""
    said = [f"{option}={value}" for option, values in sorted(fact.values.items()) for value in map(str, values)]
    return hashlib.sha256("\n".join([fact.iri, *said]).encode()).hexdigest()


def _at(values: Sequence[str], at: int) -> str:
    return values[at] if at < len(values) else ""
