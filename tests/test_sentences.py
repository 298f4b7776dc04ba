"""Sentences for people who are told no: whole in both languages, with the same values in them."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

from citygraph.sentences import Sentence, all_sentences, said_in, sentence

SRC = Path(__file__).parents[1] / "src/citygraph"


def test_every_sentence_is_there_in_both_languages_with_the_same_values() -> None:
    for key, text in all_sentences().items():
        assert text.nb, key
        assert text.en, key
        values = [set(re.findall(r"(?<!\{)\{(\w+)", each)) for each in (text.nb, text.en)]
        assert values[0] == values[1], key


def test_every_sentence_is_said_somewhere_and_every_one_said_is_known() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py"))
    said = {name for name in re.findall(r'"([a-z]+\.[a-z_]+)"', texts) if name in all_sentences()}
    said |= {f"question.{name}" for name in re.findall(r'_wrong\("(\w+)"', texts)}
    assert set(all_sentences()) - said == set()
    assert set(re.findall(r'sentence\("([a-z_.]+)"', texts)) - set(all_sentences()) == set()


def test_a_sentence_is_english_and_knows_its_norwegian_across_processes() -> None:
    told = sentence("limit.size", size=123456, most=100_000)
    again: Sentence = pickle.loads(pickle.dumps(told))  # noqa: S301  # our own
    for each in (told, again):
        assert str(each) == "The query has 123,456 characters; at most 100,000 are allowed."
        assert said_in(each, "nb") == "Spørringen har 123\u202f456 tegn; 100\u202f000 er det meste som tillates."
    assert said_in("Something else", "nb") == "Something else"
    assert said_in(Sentence("The same"), "nb") == "The same"


def test_values_are_put_in_as_they_are() -> None:
    assert said_in(sentence("question.nothing", text="{x} <b> '"), "nb") == "Ingenting her heter «{x} <b> '»."
