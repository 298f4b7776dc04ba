"""Facts past their time: known to have held once, without a confirmation that is fresh enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from citygraph.config import Config, Duration
from citygraph.findings import Finding, finding
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Term

__all__ = ["check_staleness"]

_AS_OF, _STALE_AFTER, _RANK = Iri(CG + "asOf"), Iri(CG + "staleAfter"), Iri(CG + "rank")
_ROLE, _DURING = Iri(PREFIXES["org"] + "role"), Iri(PREFIXES["org"] + "memberDuring")
_END: Final = Iri(PREFIXES["time"] + "hasEnd")
_DEPRECATED: Final = Iri(CONCEPT + "rank-deprecated")


def check_staleness(graphs: ProjectGraphs, config: Config, *, as_of: date) -> list[Finding]:
    """A note for each membership without a known end whose latest confirmation is too old on `as_of`."""
    return list(_stale(graphs, config, as_of))


def _stale(graphs: ProjectGraphs, config: Config, as_of: date) -> Iterator[Finding]:
    values: dict[Term, dict[Iri, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in graphs.triples(Part.ONTOLOGY, Part.DATA):
        values[triple.subject][triple.predicate].append(triple.object)
    labels = Labels(graphs.triples(Part.ONTOLOGY, Part.DATA))
    default = config.duration("time.stale_after")
    for fact in [subject for subject, about in values.items() if _ROLE in about and _AS_OF in about]:
        about = values[fact]
        ended = any(isinstance(period, Iri) and _END in values.get(period, {}) for period in about[_DURING])
        if ended or _DEPRECATED in about[_RANK]:
            continue
        duration = _duration(values, about[_ROLE][0], default)
        latest = max((each.value for each in about[_AS_OF] if isinstance(each, Literal)), default="")
        limit = duration.before(as_of).isoformat()
        if latest and latest < limit[: len(latest)]:
            file, line, column = graphs.locate(str(fact), str(_AS_OF))
            name = Text(*(labels.describe(fact, language) for language in LANGUAGES))
            yield finding(
                "stale",
                file=file,
                line=line,
                column=column,
                focus_node=str(fact),
                value=latest,
                name=name,
                latest=latest,
                as_of=as_of.isoformat(),
            )


def _duration(values: dict[Term, dict[Iri, list[Term]]], role: Term, default: Duration) -> Duration:
    own = values.get(role, {}).get(_STALE_AFTER, []) if isinstance(role, Iri) else []
    try:
        return Duration.parse(own[0].value) if own and isinstance(own[0], Literal) else default
    except ValueError:
        # The shape bad-role reports it.
        return default
