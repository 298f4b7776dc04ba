"""States and provinces of three federations, whose cities need them: abbreviation and name are the same region."""

from __future__ import annotations

from typing import Final

from citygraph.namespaces import fold

__all__ = ["is_region", "is_state", "region_of"]

_NAMES: Final = {
    "US": "al alabama|ak alaska|az arizona|ar arkansas|ca california|co colorado|ct connecticut|de delaware|fl florida|ga georgia|"
    "hi hawaii|id idaho|il illinois|in indiana|ia iowa|ks kansas|ky kentucky|la louisiana|me maine|md maryland|ma massachusetts|"
    "mi michigan|mn minnesota|ms mississippi|mo missouri|mt montana|ne nebraska|nv nevada|nh new hampshire|nj new jersey|"
    "nm new mexico|ny new york|nc north carolina|nd north dakota|oh ohio|ok oklahoma|or oregon|pa pennsylvania|ri rhode island|"
    "sc south carolina|sd south dakota|tn tennessee|tx texas|ut utah|vt vermont|va virginia|wa washington|wv west virginia|"
    "wi wisconsin|wy wyoming|dc district of columbia|pr puerto rico|gu guam",
    "CA": "ab alberta|bc british columbia|mb manitoba|nb new brunswick|nl newfoundland and labrador|ns nova scotia|on ontario|"
    "pe prince edward island|qc quebec|sk saskatchewan|nt northwest territories|nu nunavut|yt yukon",
    "AU": "nsw new south wales|vic victoria|qld queensland|wa western australia|sa south australia|tas tasmania|"
    "act australian capital territory|nt northern territory",
}
_CODES: Final = {
    country: {
        word: code for each in names.split("|") for code, _, name in [each.partition(" ")] for word in (code, name)
    }
    for country, names in _NAMES.items()
}


def region_of(text: str, country: str) -> str:
    """A region as it is compared: the abbreviation where we know one, else the folded name.

    >>> region_of("Virginia", "US"), region_of("D.C.", "US"), region_of("Hessen", "DE")
    ('va', 'dc', 'hessen')
    """
    plain = fold(text.replace(".", ""))
    return _CODES.get(country, {}).get(plain, plain)


def is_region(text: str, country: str) -> bool:
    """Whether this is a state or province of that country that we know."""
    return fold(text.replace(".", "")) in _CODES.get(country, {})


def is_state(text: str) -> bool:
    """Whether these letters are a state of the USA, a province of Canada or a state of Australia."""
    plain = fold(text.replace(".", ""))
    return any(plain in codes for codes in _CODES.values())
