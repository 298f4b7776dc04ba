"""The words of the site, by table and key, in the language of the page."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from citygraph.language import Text

__all__ = ["Words", "all_words"]


@cache
def all_words() -> dict[str, Text]:
    """Every word of the site by `table.key`."""
    tables = tomllib.loads(files("citygraph.web").joinpath("words.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": Text.of(words) for table, entries in tables.items() for key, words in entries.items()}


class Words:
    """Looks words up in one language; templates call it `w`."""

    def __init__(self, language: str) -> None:
        """Remember the language."""
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key, with each `{name}` filled in.

        Raises:
            KeyError: no table has that key; a mistake of ours.
        """
        text = all_words()[key].in_language(self.language)
        return text.format(**values) if values else text

    def inverse(self, curie: str, label: str) -> str:
        """What a property is called when it is read from its other end."""
        text = all_words().get(f"inverse.{curie.partition(':')[2]}")
        return text.in_language(self.language) if text else self("fact.incoming", label=label)

    def code(self, table: str, code: str) -> str:
        """The words for a code out of the data; the code itself when there are none."""
        text = all_words().get(f"{table}.{code}")
        return text.in_language(self.language) if text else code.replace("_", " ").replace("-", " ")
