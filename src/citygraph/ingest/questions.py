"""The questions that an import asks: each city and network once, with all its rows."""

from __future__ import annotations

from citygraph.ingest.gazetteer import Asked
from citygraph.ingest.networks import Network
from citygraph.ingest.resolving import Found
from citygraph.ingest.review import Choice, Question, ReviewKey, network_key, review_key

__all__ = ["Questions"]


class Questions:
    """What a person must decide."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._asked: dict[ReviewKey, tuple[str, str, tuple[Choice, ...], list[int]]] = {}

    def city(self, asked: Asked, found: Found, row: int) -> None:
        """A city that is not certain."""
        choices = tuple(Choice(body.iri, body.name, body.country) for body in found.candidates)
        self._ask(review_key(asked), asked.label, found.reason, choices, row)

    def network(self, written: str, network: Network, row: int) -> None:
        """A network that is not certain."""
        self._ask(network_key(written), written, network.reason, network.candidates, row)

    def _ask(self, key: ReviewKey, written: str, reason: str, choices: tuple[Choice, ...], row: int) -> None:
        rows = self._asked.setdefault(key, (written, reason, choices, []))[3]
        if row not in rows[-1:]:
            rows.append(row)

    def all(self) -> tuple[Question, ...]:
        """Every question with its rows."""
        return tuple(
            Question(key, written, tuple(rows), reason, choices)
            for key, (written, reason, choices, rows) in self._asked.items()
        )
