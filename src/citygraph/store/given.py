"""What an asker has of an answer already: when its worker is ended, another one goes on from there."""

from __future__ import annotations

import hashlib

from citygraph.errors import StoreError
from citygraph.sentences import sentence

__all__ = ["Given"]


class Given:
    """The number of bytes given, and their hash: the same question to the same version begins with them again."""

    def __init__(self) -> None:
        """Nothing is given yet."""
        self.to_repeat = 0
        self._size = 0
        self._hash = hashlib.sha256()
        self._again = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """These bytes are given."""
        self._size += len(data)
        self._hash.update(data)

    def repeat(self) -> None:
        """The answer comes from its beginning once more."""
        self.to_repeat, self._again = self._size, hashlib.sha256()

    def pass_over(self, data: bytes) -> bytes:
        """What is new in the next bytes of the repeated answer.

        Raises:
            StoreError: it is another answer than the one that was given.
        """
        known = data[: self.to_repeat]
        self._again.update(known)
        self.to_repeat -= len(known)
        if not self.to_repeat and self._again.digest() != self._hash.digest():
            raise StoreError(sentence("limit.ended"), fix=sentence("next.again"))
        return data[len(known) :]
