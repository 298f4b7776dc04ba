"""Text in the two languages of the interface: Norwegian bokmål and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "Text"]

LANGUAGES: Final = ("nb", "en")
DEFAULT_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in bokmål and in English; either may be empty."""

    nb: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The sentence in `language`; the other language when that one is empty."""
        return (self.nb or self.en) if language == "nb" else (self.en or self.nb)

    def to_json(self) -> dict[str, str]:
        """A plain dictionary, for files and web answers."""
        return {"nb": self.nb, "en": self.en}

    @classmethod
    def of(cls, value: str | Mapping[str, str]) -> Text:
        """A text from `{"nb": …, "en": …}`, or from one string that serves for both."""
        if isinstance(value, str):
            return cls(value, value)
        return cls(str(value.get("nb", "")), str(value.get("en", "")))
