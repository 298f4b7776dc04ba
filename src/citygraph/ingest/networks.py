"""Which network a list means by a name: one of the graph, one of the map, or a new one."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from citygraph.errors import IngestError
from citygraph.ingest.known import Known
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.minting import Mint
from citygraph.namespaces import fold

__all__ = ["Network", "Networks"]

_ALIKE = 0.86
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Network:
    """The network that is meant, or why none is."""

    iri: str
    name: str = ""
    is_new: bool = False
    is_question: bool = False
    reason: str = ""


class Networks:
    """The networks of one list."""

    def __init__(self, known: Known, map_: ListMap, mint: Mint, base: str) -> None:
        """Take what the graph and the map say."""
        self._known = known
        self._remembered = known.remembered_networks()
        self._map = map_
        self._mint = mint
        self._base = base
        self._found: dict[str, Network] = {}
        self._made: dict[str, Network] = {}
        # "Euro-Cities" is "Eurocities": only letters and digits count.
        self._squeezed = {_squeezed(name): Network(iri, name) for name, iri in known.networks.items()}

    @property
    def listed(self) -> set[str]:
        """The networks that the list speaks of."""
        return {each.iri for each in self._found.values() if each.iri}

    def find(self, written: str) -> Network:
        """The network of that name.

        Raises:
            IngestError: the map names one that is not in the graph.
        """
        key = fold(written)
        if key not in self._found:
            self._found[key] = self._find(self._map.names("networks").get(key, written))
        return self._found[key]

    def _find(self, name: str) -> Network:
        if name.startswith("id:"):
            iri = self._base + "id/" + name.removeprefix("id:")
            if iri not in self._known.networks.values():
                near = difflib.get_close_matches(name, self._names(), n=1, cutoff=0.5)
                message = f"The map names the network {name}, which is not in the graph."
                raise IngestError(
                    message, fix=f"Did you mean {near[0]}?" if near else "Write a name instead: a new one is made."
                )
            return Network(iri, name)
        key = fold(name)
        if key in self._known.networks:
            return Network(self._known.networks[key], name)
        squeezed = _squeezed(name)
        if squeezed in self._squeezed:
            return self._squeezed[squeezed]
        others = [*self._known.networks, *self._made]
        near = difflib.get_close_matches(key, others, n=1, cutoff=_ALIKE) if len(key) >= _SHORTEST else []
        if near:
            reason = f"the network {name!r} resembles {near[0]!r}: say which in [networks] of the map"
            return Network("", name, is_question=True, reason=reason)
        match self._map.text("unknown.network"):
            case "review":
                reason = f"the network {name!r} is not known: say which it is in [networks] of the map"
                return Network("", name, is_question=True, reason=reason)
            case "refuse":
                return Network("", name, reason=f"the network {name!r} is not known")
        iri = self._remembered.get(key) or self._mint.network(name)
        self._made[key] = self._squeezed[squeezed] = Network(iri, name, is_new=True)
        return self._made[key]

    def find_all(self, written: Iterable[str]) -> None:
        """Look all names up, the commonest first: it sets the spelling that rarer ones are held against."""
        for name, _ in Counter(written).most_common():
            self.find(name)

    def _names(self) -> list[str]:
        return sorted({f"id:{iri.rpartition('/')[2]}" for iri in self._known.networks.values()})


def _squeezed(name: str) -> str:
    return "".join(letter for letter in fold(name) if letter.isalnum())
