"""How languages write the same sounds: other alphabets in Latin letters, and a rough spelling by sound."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["in_latin", "sounded"]

# As English-speaking cartographers write Cyrillic and modern Greek (BGN/PCGN, simplified).
_LETTERS: Final = {
    **dict(zip("абвгґдеєёжзиіїйклмнопрстуўфхцчшщъыьэюя", (
        "a b v g g d e ye yo zh z i i yi y k l m n o p r s t u u f kh ts ch sh shch . y . e yu ya"
    ).replace(".", "\0").split(), strict=True)),
    **dict(zip("ђѓѕјљњћќџ", ["dj", "gj", "dz", "j", "lj", "nj", "c", "kj", "dz"], strict=True)),
    **dict(zip("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ", ["a", "a", "v", "g", "d", "e", "e", "z", "i", "i", "th", "i", "i", "i", "i", "k", "l", "m", "n", "x", "o", "o", "p", "r", "s", "s", "t", "y", "y", "y", "y", "f", "ch", "ps", "o", "o"], strict=True)),
}  # fmt: skip
_ALPHABETS: Final = str.maketrans({
    **{letter: latin.replace("\0", "") for letter, latin in _LETTERS.items()},
    **{letter.upper(): latin.replace("\0", "").capitalize() for letter, latin in _LETTERS.items() if letter not in "ςΐΰ"},
})  # fmt: skip
_OTHER: Final = re.compile(r"[\u0370-\u052f]")

# From the longest to the shortest; what is written differently for one sound in the languages around us.
_SOUNDS: Final = (
    ("tsch", "c"), ("sch", "s"), ("tch", "c"), ("cz", "c"), ("sz", "s"), ("sh", "s"), ("zh", "s"), ("kh", "k"), ("ck", "k"),
    ("ch", "k"), ("ph", "f"), ("th", "t"), ("gh", "g"), ("qu", "k"), ("tz", "s"), ("ts", "s"), ("ks", "x"), ("ou", "u"),
    ("ae", "e"), ("oe", "o"), ("ue", "u"), ("ei", "i"), ("ij", "i"), ("c", "k"), ("q", "k"), ("w", "v"), ("y", "i"),
    ("j", "i"), ("z", "s"),
)  # fmt: skip
_SOFT: Final = re.compile(r"c(?=[eiy])")
_DOUBLED: Final = re.compile(r"(\w)\1+")


def in_latin(text: str) -> str:
    """Cyrillic and Greek letters as Latin ones; everything else as it is.

    >>> in_latin("Нови Сад"), in_latin("Θεσσαλονίκη"), in_latin("Tromsø")
    ('Novi Sad', 'Thessaloniki', 'Tromsø')
    """
    return text.translate(_ALPHABETS) if _OTHER.search(text) else text


def sounded(core: str) -> str:
    """A folded name as it sounds, roughly and the same for all languages; for comparing, not for showing.

    >>> sounded("sztokholm"), sounded("stockholm"), sounded("cvikov"), sounded("zwickau")
    ('stokolm', 'stokolm', 'kvikov', 'svikau')
    """
    text = _SOFT.sub("s", core)
    for written, meant in _SOUNDS:
        text = text.replace(written, meant)
    return _DOUBLED.sub(r"\1", text.replace("h", "") if len(text) > 1 else text)
