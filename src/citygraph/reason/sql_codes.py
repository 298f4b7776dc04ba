"""Terms as the SQL back ends number them: the number of the dictionary, with the kind of the term in the highest bits."""

from __future__ import annotations

from typing import Final

import numpy as np

from citygraph.reason.closure import TripleText
from citygraph.reason.columns import Ids
from citygraph.reason.encode import BLANK, LITERAL, Dictionary
from citygraph.reason.sql_rules import BLANK as BLANK_KIND
from citygraph.reason.sql_rules import KIND, VOCABULARY
from citygraph.reason.sql_rules import LITERAL as LITERAL_KIND
from citygraph.reason.tidy import VOCABULARIES

__all__ = ["NUMBER", "Codes"]

NUMBER: Final = (1 << KIND) - 1
"""The bits of a code that are the number of the term; the others are its kind."""

_KINDS: Final = {"_": BLANK_KIND, '"': LITERAL_KIND}


class Codes:
    """The codes of the terms in one dictionary, both ways."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def all(self) -> Ids:
        """For every term, by its number, the number with its kind in the highest bits."""
        kinds = self._dictionary.kinds()
        starts = tuple(f"<{prefix}".encode() for prefix in VOCABULARIES)
        codes = np.arange(len(kinds), dtype=np.uint32)
        codes |= (kinds == LITERAL).astype(np.uint32) * np.uint32(LITERAL_KIND << KIND)
        codes |= (kinds == BLANK).astype(np.uint32) * np.uint32(BLANK_KIND << KIND)
        texts = self._dictionary.texts()
        vocabulary = np.fromiter((text.startswith(starts) for text in texts), np.bool_, len(texts))
        return codes | vocabulary.astype(np.uint32) * np.uint32(VOCABULARY << KIND)

    def code(self, text: str) -> int:
        """The code of one term; a term that is new gets its number."""
        kind = _KINDS.get(text[0], 0)
        if text.startswith(tuple(f"<{prefix}" for prefix in VOCABULARIES)):
            kind = VOCABULARY
        return self._dictionary.number(text) | kind << KIND

    def code_of(self, number: int) -> int:
        """The code of a term by its number."""
        return self.code(self._dictionary.text(number))

    def text(self, code: int) -> str:
        """The term behind a code."""
        return self._dictionary.text(code & NUMBER)

    def texts(self, codes: tuple[int, ...]) -> tuple[TripleText, ...]:
        """The triples behind three codes each."""
        texts = [self.text(code) for code in codes]
        return tuple((texts[i], texts[i + 1], texts[i + 2]) for i in range(0, len(texts), 3))
