"""Words of an old text in a new one: found where they stand, never at a lookalike, whatever white space does."""

from __future__ import annotations

import pytest

from citygraph.read.patterns import pattern_book
from citygraph.read.revision import TextRevision
from citygraph.read.sentences import parts_of_text, sentences_of
from citygraph.read.text import KeptText


def _kept(text: str) -> KeptText:
    return KeptText(text, parts_of_text(text))


def _found(old: str, new: str, words: str) -> tuple[str, str]:
    start = old.index(words)
    found = TextRevision(_kept(old), _kept(new), pattern_book()).found(start, start + len(words))
    return found.how, new[found.start : found.end]


@pytest.mark.parametrize(
    ("old", "new", "words", "how"),
    [
        ("Oslo er medlem. Gent er stor.", "Hei. Oslo er\r\nmedlem. Gent er stor.", "Oslo er medlem", "again"),
        ("Oslo er medlem. Gent er stor.", "Gent er stor. Noe nytt. Oslo er medlem.", "Oslo er medlem", "again"),
        ("Oslo er medlem av Polis.", "Det er feil at Oslo er medlem av Polis.", "Oslo er medlem", "changed"),
        ("Oslo er medlem. Ja.", "Oslo er ikke lenger medlem. Ja.", "Oslo er medlem", "gone"),
        ("Polis har 60 medlemmer. Oslo er med.", "AER har 60 medlemmer.", "Oslo er med", "gone"),
        ("Polis har 60 medlemmer. Ja.", "Polis har 61 medlemmer. Ja.", "60 medlemmer", "gone"),
        ("A. Den har 60 medlemmer. B.", "B. Nei. Ja. Den andre har 60 medlemmer.", "60 medlemmer", "changed"),
        ("Go\u0308teborg er medlem.", "😀 Göteborg er medlem.", "Go\u0308teborg", "changed"),
        ("Ber\xadgen er\xa0medlem.", "Bergen er medlem.", "Ber\xadgen er\xa0medlem", "again"),
    ],
)
def test_what_became_of_words(old: str, new: str, words: str, how: str) -> None:
    assert _found(old, new, words)[0] == how


def test_the_place_is_the_one_of_the_sentence_among_several_such_words() -> None:
    old = "Polis: 12 byer. AER: 12 byer. Metrex: 12 byer."
    new = "Polis: 12 byer. Ny: 12 byer. AER: 12 byer. Metrex: 12 byer."
    start = old.rindex("12 byer")
    found = TextRevision(_kept(old), _kept(new), pattern_book()).found(start, start + 7)
    assert (found.how, found.start) == ("again", new.rindex("12 byer"))


def test_a_sentence_is_told_when_the_old_text_has_it() -> None:
    old, new = _kept("Oslo er med. Gent er med."), _kept("Gent er med. Oslo er ikke med.")
    revision = TextRevision(old, new, pattern_book())
    assert [revision.is_told(each) for each in sentences_of(new, pattern_book())] == [True, False]
