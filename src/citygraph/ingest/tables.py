"""What a list is made of: sheets, rows with their number, and how much of them is read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Row", "Sheet"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a list is read: bytes (also unpacked), rows, cells of a row, characters of a cell."""

    size: int = 256_000_000
    rows: int = 500_000
    cells: int = 1_000
    characters: int = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file; `number` counts every row from 1, also titles and empty ones (RFC 7111)."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything that can be seen."""
        return not any(cell.strip(" \t\r\n\u00a0\u200b\ufeff") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name (empty for CSV), all its rows, and what a workbook hides of it."""

    name: str
    rows: tuple[Row, ...]
    is_hidden: bool = False
    hidden: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
