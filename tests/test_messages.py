"""Texts for people: whole in both languages, with the same values in them."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from citygraph.messages import Sentence, said_in, sentence, text, texts

SRC = Path(__file__).parents[1] / "src/citygraph"


def _is_of_texts(name: str) -> bool:
    return name != "finding_codes"


ROOMS = [path.stem for path in sorted((SRC / "messages").glob("*.toml")) if _is_of_texts(path.stem)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_there_in_both_languages_with_the_same_values(room: str) -> None:
    for key, each in texts(room).items():
        assert each.nb, key
        assert each.en, key
        values = [set(re.findall(r"(?<!\{)\{(\w+)", words)) for words in (each.nb, each.en)]
        assert values[0] == values[1], key


def test_every_sentence_is_said_somewhere_and_every_one_said_is_known() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py"))
    known = texts("sentences")
    said = {name for name in re.findall(r'"([a-z]+\.[a-z_]+)"', source) if name in known}
    said |= {f"question.{name}" for name in re.findall(r'_wrong\("(\w+)"', source)}
    assert set(known) - said == set()
    for key in set(re.findall(r'\bsentence\(\s*"([a-z_.-]+)"', source)):
        assert key in known or text(key), key


def test_every_text_is_used_somewhere_and_every_one_used_is_known() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py"))
    walked = set(re.findall(r'\b(?:texts|in_both)\(\s*"(\w+)"', source))
    looked_up = re.findall(r'(?<![.\w])(?:text|sentence)\(\s*"([\w.-]+?)"', source)
    for key in set(looked_up) - set(texts("sentences")):
        assert text(key), key
    # Which of several texts is said may be chosen beforehand, or be made of parts.
    written = set(re.findall(r'"([a-z_]+\.[\w.-]+)"', source))
    begun = tuple(re.findall(r'"([a-z_]+\.[\w.-]*)\{', source))
    unused = {
        f"{room}.{key}"
        for room in ROOMS
        for key in texts(room)
        if room not in walked and f"{room}.{key}" not in written and not f"{room}.{key}".startswith(begun)
    }
    assert unused == set()


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
