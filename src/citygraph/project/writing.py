"""The graph and its files written: exports, tables, and Turtle in the project's style."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal as TypingLiteral
from typing import TypeAlias

from citygraph import export, load
from citygraph.files import write_file
from citygraph.format import Formatted, format_file
from citygraph.project.comparing import Comparing
from citygraph.rdf import Quad

__all__ = ["Which", "Writing"]

Which: TypeAlias = TypingLiteral["asserted", "inferred", "both"]


class Writing(Comparing):
    """A project that can be written out."""

    def quads(self, which: Which = "both", *, as_of: date | None = None) -> list[Quad]:
        """The quads of a version, lexical forms as in the files: `asserted`, `inferred` or `both`."""
        snapshot = self.snapshot(as_of=as_of)
        asserted = snapshot.asserted() if which in {"asserted", "both"} else ()
        inferred = snapshot.inferred() if which in {"inferred", "both"} else ()
        return [*asserted, *inferred]

    def export(self, *, format: str, which: Which = "both", as_of: date | None = None) -> bytes:  # noqa: A002
        """The graph in one RDF format; the same graph gives the same bytes.

        Raises:
            ExportError: there is no such format, or it cannot carry the graph.
        """
        return export.export_bytes(self.quads(which, as_of=as_of), format=format, prefixes=self.prefixes)

    def tables(self, *, which: Which = "both", as_of: date | None = None) -> dict[str, bytes]:
        """A CSV table for each class, by file name."""
        return export.tables_per_class(self.quads(which, as_of=as_of), prefixes=self.prefixes)

    def format(self, paths: Sequence[Path] = (), *, write: bool = True) -> list[Formatted]:
        """The Turtle files (all of them without `paths`) in the project's style; written unless `write` is off.

        Raises:
            ExportError: a file cannot be written.
        """
        chosen = [path.resolve() for path in paths] or [
            path for path in load.find_files(self.folder) if path.suffix == ".ttl"
        ]
        results = [format_file(path, name=self._name(path)) for path in chosen]
        for result in results:
            if write and result.changed:
                write_file(result.path, result.after.encode())
        return results

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)
