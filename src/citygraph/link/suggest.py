"""Candidates for everything that has no link yet, with what speaks for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from citygraph.link.items import thing_of_item
from citygraph.link.wikidata import ItemSource, wanted_of
from citygraph.matching.names import read_name
from citygraph.matching.score import ALIAS, MAIN, Candidate, decide, score
from citygraph.matching.things import Thing
from citygraph.namespaces import compress
from citygraph.sssom import Mapping as Row
from citygraph.sssom import MappingSet

__all__ = ["Suggestion", "proposals", "suggest", "unlinked"]

Progress = Callable[[str, int, int], None]
_LEAST, _LEAST_NAME = 50.0, 65.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing without a link, and what it may be."""

    thing: Thing
    candidates: tuple[Candidate, ...]

    @property
    def certain(self) -> Candidate | None:
        """The one candidate whose identifier matches exactly; only that is beyond a person's doubt."""
        found = [each for each in self.candidates if each.identifier]
        return found[0] if len(found) == 1 and found[0].features.get("type") is not False else None


def unlinked(things: Iterable[Thing], rows: MappingSet, prefixes: Mapping[str, str]) -> list[Thing]:
    """The things without an accepted link, and about which nobody has said that there is none."""
    done = {each.subject_id for each in rows.mappings if each.accepted or each.none_found}
    compared = (each for each in things if each.kinds != {"concept"})
    return [thing for thing in compared if compress(thing.id, prefixes) not in done]


def suggest(
    things: Sequence[Thing],
    source: ItemSource,
    rows: MappingSet,
    prefixes: Mapping[str, str],
    *,
    limit: int = 5,
    progress: Progress | None = None,
) -> list[Suggestion]:
    """Candidates for each thing, best first; what has been rejected does not come back.

    Raises:
        ReconciliationError: the source does not answer.
    """
    rejected = {(each.subject_id, each.object_id) for each in rows.mappings if each.rejected}
    found: list[Suggestion] = []
    for number, thing in enumerate(things):
        if progress:
            progress("link", number, len(things))
        subject, wanted = compress(thing.id, prefixes), wanted_of(thing)
        candidates: list[Candidate] = []
        for item in source.search(thing):
            if item.missing or item.redirect or (subject, f"wd:{item.id}") in rejected:
                continue
            other = thing_of_item(item)
            forms = [(read_name(name.text), MAIN if name.main else ALIAS) for name in other.names]
            candidates.append(score(wanted, other, forms))
        ordered = [each for each in decide(candidates, wanted) if each.score >= _LEAST and _is_likely(each)]
        found.append(Suggestion(thing, tuple(ordered[:limit])))
    return found


def proposals(found: Iterable[Suggestion], prefixes: Mapping[str, str], day: date, language: str = "en") -> list[Row]:
    """Rows for the mapping file: proposals for a person, and an accepted link where an identifier matches exactly."""
    rows: list[Row] = []
    for suggestion in found:
        certain = suggestion.certain
        for candidate in [certain] if certain else suggestion.candidates:
            slots = {
                "subject_label": _plain(suggestion.thing.name(language)),
                "object_label": _plain(candidate.thing.name(language)),
                "mapping_date": day.isoformat(),
                "confidence": f"{candidate.score / 100:.2f}",
                "subject_match_field": "adms:identifier" if certain else "skos:prefLabel",
                "object_match_field": "wdt" if certain else "rdfs:label",
                "comment": ", ".join(f"{key} {_said(value)}" for key, value in candidate.features.items()),
            }
            kind = "BackgroundKnowledgeBasedMatching" if certain else "LexicalMatching"
            subject = compress(suggestion.thing.id, prefixes)
            rows.append(Row(subject, "skos:exactMatch", f"wd:{candidate.thing.id}", f"semapv:{kind}", 0, slots))
    return rows


def _is_likely(candidate: Candidate) -> bool:
    """Another name is another thing, however well country and kind agree."""
    return candidate.identifier or float(candidate.features.get("name", 0.0)) >= _LEAST_NAME


def _said(value: float | bool) -> str:  # noqa: FBT001  # a feature is one or the other
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}"


def _plain(text: str) -> str:
    return " ".join(text.split())
