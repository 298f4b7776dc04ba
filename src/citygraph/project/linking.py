"""The links of the project to Wikidata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from citygraph import load
from citygraph.graphs import Part

if TYPE_CHECKING:
    from citygraph.link import ItemSource, Links


from citygraph.project.publishing import Publishing

__all__ = ["Linking"]


class Linking(Publishing):
    """A project with links to the world."""

    @property
    def links(self) -> Links:
        """The links to Wikidata: suggest, decide, check, compare and offer; made from the files as they are now."""
        from citygraph.link import Links  # noqa: PLC0415  # the HTTP client is needed here alone

        graphs = load.load_files(self.config).graphs
        triples = graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES)
        return Links(self.folder, triples, self.prefixes, base=self.config.base, today=self.today)

    def link_source(self, extract: Path | None = None) -> ItemSource:
        """Where items come from: an extract on disk, else Wikidata, which wants `wikidata.contact` in graph.toml.

        Raises:
            ConfigError: there is no extract and no contact.
            ReconciliationError: the extract cannot be read.
        """
        from citygraph.link import open_source  # noqa: PLC0415

        values = self.config.values
        return open_source(
            extract,
            policy=self.policy(),
            api=str(values["wikidata.api"]),
            endpoint=str(values["wikidata.endpoint"]),
        )
