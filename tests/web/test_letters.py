"""Every name from A to Z, page by page, and the names of a kind for a search elsewhere."""

from __future__ import annotations

import json
import re

import pytest

from citygraph import Project
from citygraph.matching.names import letters
from citygraph.web.pages import search
from pages_client import Pages, words_of


@pytest.fixture
def pages(this_project: Project, monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.setattr(search, "_AT_ONCE", 20)
    return Pages(this_project)


def test_every_thing_with_a_name_of_its_own_stands_under_one_letter(pages: Pages) -> None:
    waiting, seen, found = ["/a-z"], {"/a-z"}, set()
    while waiting:
        text = pages.get(f"{waiting.pop()}?lang=nb").text
        new = set(re.findall(r'href="(/a-z/[^"?]*)', text)) - seen
        seen |= new
        waiting += sorted(new)
        found |= set(re.findall(r'<li><a href="([^"]*)">', text.partition('<ul class="names"')[2]))
    kinds = pages.get("/index.json").json()["kinds"]
    named = {each["page"] for kind in kinds for each in pages.get(f"/{kind}.json?lang=nb").json()["things"]}
    assert found == named
    assert {"/a-z/oe", "/a-z/aa", "/a-z/a-2"} <= seen


def test_a_list_that_can_be_filtered_brings_the_letters_along_by_which_names_are_compared(pages: Pages) -> None:
    text = pages.get("/a-z?lang=nb").text
    given = re.search(r"data-letters='([^']*)'", text)
    assert given is not None
    assert json.loads(given[1]) == letters()


def test_a_name_stands_under_its_letter_in_the_order_of_its_language(pages: Pages) -> None:
    assert "Østfold" in words_of(pages.get("/a-z/oe?lang=nb").text)
    text = " ".join(words_of(pages.get(f"/a-z/{page}?lang=nb").text) for page in ("o", "o-2"))
    assert text.index("Oslo kommune") < text.index("Osloregionen")
    assert "Østfold" not in text


@pytest.mark.parametrize(
    "path", ["/a-z/zz", "/a-z/o-0", "/a-z/o-99999", "/a-z/o-x", "/a-z/%C3%B8", "/a-z/other-", "/a-z/q-1e9"]
)
def test_a_letter_that_no_name_begins_with_is_not_there(pages: Pages, path: str) -> None:
    assert pages.get(path).status_code == 404


def test_the_names_of_a_kind_have_their_pages_and_short_addresses(pages: Pages) -> None:
    document = pages.get("/search/names.json?kind=network").json()
    eurocities = next(each for each in document["things"] if each["term"] == "id:eurocities")
    assert eurocities["page"] == "/network/eurocities"
    assert eurocities["nb"] in eurocities["names"]
    assert "EUROCITIES" in eurocities["names"]
    assert document["many"] == {"nb": "Bynettverk", "en": "City networks"}


@pytest.mark.parametrize("kind", ["", "record", "nothing", "../x"])
def test_what_is_no_kind_with_names_is_not_there(pages: Pages, kind: str) -> None:
    assert pages.get(f"/search/names.json?kind={kind}").status_code == 404
