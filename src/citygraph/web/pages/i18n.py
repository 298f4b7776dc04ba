"""The language of a page, and the words of the site in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from citygraph.labels import column_words
from citygraph.messages import DEFAULT_LANGUAGE, LANGUAGES, Text, texts

_PART: Final = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?\Z")
# Whoever reads Nynorsk, Danish or Swedish reads Bokmål more easily than English.
_READ_AS: Final = {"no": "nb", "nn": "nb", "da": "nb", "sv": "nb", "nb": "nb", "en": "en"}


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """The language of one answer, and whether the address names it: then every link on the page does too."""

    language: str
    explicit: bool


def choose_language(request: Request, *, offered: Sequence[str] = LANGUAGES) -> LanguageChoice:
    """The language for this request."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return LanguageChoice(asked, explicit=True)
    for wanted in languages_wanted(request.headers.get("accept-language", "")):
        if wanted in offered:
            return LanguageChoice(wanted, explicit=False)
    return LanguageChoice(DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in offered else offered[0], explicit=False)


def languages_wanted(header: str) -> list[str]:
    """Our languages in the order in which an `Accept-Language` header wants them (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:1000].split(",")):
        match = _PART.match(part)
        if match is None:
            continue
        weight = float(match[2] or 1)
        language = _READ_AS.get(match[1].lower().partition("-")[0])
        if language and weight > 0:
            wanted.append((-weight, position, language))
    return list(dict.fromkeys(language for _, _, language in sorted(wanted)))


def all_words() -> Mapping[str, Text]:
    """Every word of the site by `table.key`."""
    return texts("web")


class Words:
    """Looks words up in one language; templates call it `w`."""

    def __init__(self, language: str) -> None:
        """The words in `nb` or `en`."""
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
        text = all_words().get(f"{table}.{code}") or (column_words().get(code) if table == "column" else None)
        return text.in_language(self.language) if text else code.replace("_", " ").replace("-", " ")
