"""Proposals: on the right words when they speak, silent about what a text does not state, and of patterns that are data."""

from __future__ import annotations

import pytest

from bench.measure_read import documents, known_and_kinds, score
from citygraph.edit.kinds import Kinds
from citygraph.read.mentions import KnownNames
from citygraph.read.patterns import Pattern, PatternBook, compile_line, pattern_book
from citygraph.read.propose import Proposal, propose, told_proposal
from citygraph.read.sentences import sentences_of

Read = tuple[KnownNames, Kinds]


@pytest.fixture(scope="module")
def read() -> Read:
    """The names and kinds of the graph of the project."""
    return known_and_kinds()


def _facts(text: str, read: Read) -> list[tuple[str, str, str]]:
    return [(each.kind, each.words, each.sort) for each in propose(text, *read)]


def _one(text: str, kind: str, read: Read) -> Proposal:
    (found,) = (each for each in propose(text, *read) if each.kind == kind)
    return found


def _examples() -> list[tuple[str, str, str]]:
    book = pattern_book()
    said = {each.name: each for one in ("nb", "nn", "en") for each in book.patterns(one) if each.example}
    return [(each.name, each.kind, each.example) for each in said.values()]


@pytest.mark.parametrize(("name", "kind", "example"), _examples(), ids=lambda each: str(each)[:30])
def test_each_pattern_finds_its_example(name: str, kind: str, example: str, read: Read) -> None:
    found = propose(f"Eurocities\n\n{example}", *read)
    assert kind in {each.kind for each in found}, name


@pytest.mark.parametrize(("folder", "least"), [("written_with", 0.85), ("held_out", 0.80)])
def test_documents_of_the_genre(folder: str, least: float, read: Read) -> None:
    found = there = clear = wrong = 0
    for each in documents(folder):
        result = score(each, propose(each.text, *read), read[0])
        found, there = found + len(result.found), there + len(each.facts)
        clear, wrong = clear + len(result.clear), wrong + len(result.wrong)
    assert found / there >= least
    assert clear > there / 4
    assert wrong <= 0.02 * clear


@pytest.mark.parametrize(
    "text",
    [
        "Oslo er ikke medlem av Eurocities.",
        "Oslo er ikke lenger medlem av Eurocities.",
        "Bergen ønsker å bli medlem av Eurocities.",
        "Bergen skal etter planen bli medlem av Metrex i 2022.",
        "Bergen var tidligere medlem av Metrex.",
        "Ifølge avisen er Bergen medlem av Metrex.",
        "Det sies at Bergen er medlem av Metrex.",
        "Dersom Bergen er medlem av Metrex, må kontingenten betales.",
        "Tidligere president i Eurocities var Kari Nordmann.",
        "Bergen er ikkje medlem av Metrex.",
        "Bergen ynskjer å verte medlem av Metrex.",
        "Oslo is not a member of Eurocities.",
        "Oslo is no longer a member of Metrex.",
        "Bergen would like to join Eurocities in 2022.",
        "Bergen used to be a member of Metrex.",
        "According to the newspaper, Bergen is a member of Metrex.",
        "If Bergen is a member of Metrex, it pays a fee.",
        "The former president of Eurocities is Kari Nordmann.",
        "Møt oss i Oslo!",
        "Bergen var nesten medlem av Polis i 2015.",
        "Oslo ble ikke tatt opp i Polis i 2014.",
        "Oslo has never belonged to Polis since 1997.",
        "Oslo joined the march in 2015 and left the stage in 2016.",
        "Oslo was a member of the jury from 2010 to 2012.",
        "Kari har ledet kommunen siden 2015.",
        "Turku was due to rejoin Polis in 2021.",
        "48 empty seats and 20 angry cities remain.",
        "Det er noe galt med Metrex.\n\nMed vennlig hilsen\nKari Nordmann\nleder av arbeidsgruppen\nOslo er medlem av Metrex",
        "Kontakt: Kari Nordmann er president i Metrex, kari@example.no",
        "Kari Nordmann, Storgata 5, er president i Metrex.",
        "Det er feil at Stavanger er medlem av Fast-Track Cities.",
        "Stavanger er medlem av Fast-Track Cities?",
        "Er Stavanger medlem av Fast-Track Cities, betaler byen mer.",
        "Har Mayors for Peace 200 medlemmer, er det størst.",
        "«Porto er medlem av AER», står det i brevet.",
        "Jeg har hørt at Espoo er med i EUniverCities Network.",
        "Nettverket EUniverCities Network har på det meste 60 medlemmer.",
        "Ingen av byene Gent og Porto er medlemmer av Rainbow Cities Network.",
        "Enten Gent eller Porto er medlem av AER.",
        "Rotterdam er med i styringsgruppa for C40 Cities.",
        "Ada Colau er president i Katalonia.",
        "USAs president er Ada Colau.",
        "Ordføreren i Leeds er medlem av C40 Cities.",
        "Korkje Gent eller Porto er medlemer av Metrex.",
        "Så vidt me veit er Gent medlem av Metrex.",
        "It is wrong that Helsinki is a member of Fast-Track Cities.",
        "The minister told us Helsinki is a member of Fast-Track Cities.",
        '"Helsinki is a member of Fast-Track Cities", she said.',
        "As far as we know, Leeds is a member of Mayors for Peace.",
        "Leeds isn't a member of Mayors for Peace.",
        "Suppose Porto is a member of AER.",
        "Leeds is a member of the Mayors for Peace working group on food.",
        "Leeds is a member of the board of C40 Cities.",
        "The Rainbow Cities Network should have 50 members by 2025.",
        "The candidate for president of Metrex is Ada Colau.",
        "The fee of AER is EUR 1,000–2,000.",
        "The fee of AER is EUR 1,000 to 2,000.",
    ],
)
def test_what_is_not_stated_is_not_proposed(text: str, read: Read) -> None:
    assert _facts(text, read) == []


@pytest.mark.parametrize(
    "text",
    [
        "Oslo er medlem av styret i Eurocities.",
        "Oslo er medlem av Polis.",
        "Prisen har 12 kategorier fra 20 land.",
        "Rundt 500 deltakere fra 30 land var til stede.",
        "Oslo har 20 medlemmer i bystyret.",
        "Bergen har 15 ansatte.",
        "Energy Cities ble grunnlagt i 1990. Det har rundt 1000 medlemmer.",
        "The mayor of Oslo is a member of the board of Eurocities.",
        "Oslo is a member of Polis.",
        "We met 30 members in Ghent.",
        "More than 1,000 people from 60 countries attended.",
        "The fund was created in 2019 and supports 30 cities.",
        "The working group was set up in 2015.",
        "Bergen left the meeting in 2020.",
        "Vinneren får en pris. 12 byer er nominert.",
        "Det er 20 byer i fylket.",
        "I Norge er det 356 kommuner.",
        "Samarbeidet med Polis begynte i 2015. Det har 80 medlemmer.",
        "Prosjektet Grønn By startet i 2018. Det har 12 byer.",
        "Et nettverk har gjerne 100 medlemmer.",
        "I 1995 har nettverket 60 medlemmer.",
        "By 2030 the network has 300 members.",
        "Nettverket vokste med 30 byer.",
        "The network grew by 20 members.",
        "The network lost 5 members.",
        "The network has 4 members in Norway.",
        "The Union has 27 countries.",
        "The alliance between Vienna and Leipzig has two members.",
        "10 members can call a meeting.",
        "A quorum requires 70 members.",
        "Each forum has 40 members.",
        "Eurocities' sister organisation has 60 members.",
        "Kontingenten er 75 000 kroner for store byer.",
        "Kontingenten øker med 10 000 kroner.",
        "Kontingenten er 2 kroner per innbygger.",
        "The president, Ada Colau, resigned.",
        "Leeds is a member from 2025.",
        "Ghent or Porto is a member.",
        "Bergen ble med 3. juni, etter å ha vært observatør siden 2012.",
        "Medlemmer er Ghent og (til 2019) Leeds.",
        "Medlemmer:\n- Bergen (utmeldt 2019)\n- Leeds (søker)",
        "Tidligere medlemmer:\n- Oslo",
        "Se også www.regjeringen.no",
        "Tidligere nettsted: www.gammel.org",
        "The website of Oslo is www.oslo.kommune.no",
        "Oslo har nettsted på www.oslo.kommune.no",
        "Oslo deltar i prosjektet.",
        "The city council meets monthly.",
        "Leder: Ada Colau",
        "Mulige nye medlemmer:\n- Leeds",
        "Candidate members:\n- Oslo",
        "Members of the board:\n- Leeds",
        "Medlemmer av styret:\n- Leeds",
    ],
)
def test_what_is_said_of_something_else_is_never_clear(text: str, read: Read) -> None:
    sorts = {each.sort for each in propose(f"Eurocities\n\n{text}", *read) if each.kind != "network"}
    assert "clear" not in sorts


def test_a_wish_has_its_modality_where_the_kind_has_one(read: Read) -> None:
    wish = _one("Eurocities ønsker å påvirke EUs institusjoner.", "relation", read)
    assert ("modality", "concept:modality-wish") in wish.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nær 60 medlemmer", [("value", "60"), ("exactness", "concept:nearly")]),
        ("ca. 40 medlemmer", [("value", "40"), ("exactness", "concept:about")]),
        ("minst 1 200 medlemmer", [("value", "1200"), ("exactness", "concept:at-least")]),
        ("mellom 18 og 20 medlemmer", [("from", "18"), ("to", "20")]),
        ("fem til sju medlemmer", [("from", "5"), ("to", "7")]),
        ("140 medlemmer", [("value", "140")]),
        ("i underkant av 60 medlemmer", [("value", "60"), ("exactness", "concept:nearly")]),
        ("drøyt 60 medlemmer", [("value", "60"), ("exactness", "concept:more-than")]),
        ("~60 medlemmer", [("value", "60"), ("exactness", "concept:about")]),
        (">60 medlemmer", [("value", "60"), ("exactness", "concept:more-than")]),
        ("60+ medlemmer", [("value", "60"), ("exactness", "concept:at-least")]),
    ],
)
def test_numbers_keep_their_marks(words: str, said: list[tuple[str, str]], read: Read) -> None:
    figure = _one(f"Eurocities har {words}.", "figure", read)
    assert [each for each in figure.said if each[0] not in {"organization", "indicator"}] == said


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("17. desember 2004", "2004-12-17"),
        ("i desember 2004", "2004-12"),
        ("i 2004", "2004"),
        ("høsten 2004", "2004"),
        ("17.12.2004", "2004-12-17"),
    ],
)
def test_dates_are_as_precise_as_the_words(words: str, date: str, read: Read) -> None:
    assert ("since", date) in _one(f"Bergen sluttet seg til Metrex {words}.", "joined", read).said


def test_what_a_name_means(read: Read) -> None:
    text = "Oslo er medlem av Metrex. Narvik er medlem av Metrex. Bergen, Tyskland er medlem av Metrex."
    known, new, other = propose(text, *read)[:3]
    assert (known.sort, known.value("member").said) == ("clear", "id:oslo-kommune")  # type: ignore[union-attr]
    assert (new.sort, new.value("member").said) == ("new", "Narvik")  # type: ignore[union-attr]
    assert "id:bergen-kommune" not in dict(other.said).values()


def test_words_are_the_characters_of_the_text(read: Read) -> None:
    text = "😀\u00a0\n\nEurocities har\r\n140 medlemmer, og Oslo er med."
    for each in propose(text, *read):
        assert text[each.start : each.end] == each.words
    assert ("figure", "140 medlemmer", "clear") in _facts(text, read)


def test_a_text_that_was_registered_by_hand_is_read_letter_by_letter(read: Read) -> None:
    text = "\ufeffEurocities\r\n\r\nGo\u0308teborg er medlem.\r\nBer\xadgen ma\u030a bli medlem.\r\nBer\xadgen\xa0er medlem."
    found = [each for each in propose(text, *read) if each.kind == "membership"]
    assert [text[each.start : each.end] for each in found] == ["Go\u0308teborg er medlem", "Ber\xadgen\xa0er medlem"]
    assert [each.value("member").said for each in found] == ["id:goteborgs-stad", "id:bergen-kommune"]  # type: ignore[union-attr]


def test_each_network_of_a_list_is_proposed(read: Read) -> None:
    found = propose("Bergen er medlem av Eurocities, Metrex og C40 Cities.", *read)
    assert [dict(each.said)["organization"] for each in found] == ["id:eurocities", "id:metrex", "id:c40"]
    assert _facts("Bergen er medlem av Eurocities og Metrex har møte.", read)[1:] == []


def test_a_day_behind_one_verb_is_no_day_of_the_next(read: Read) -> None:
    found = _facts("After Eurocities was founded in 1986, Leeds joined.", read)
    assert found == [("founding", "founded in 1986", "clear")]


def test_what_stands_in_brackets_is_a_day_of_the_fact_before_it(read: Read) -> None:
    (found,) = propose("President i Metrex er Ada Colau (2014–2019).", *read)
    assert {("since", "2014"), ("until", "2019")} <= set(found.said)


def test_nothing_behind_a_heading_that_only_begins_like_a_greeting_is_lost(read: Read) -> None:
    text = "Best practice in cities\n\nLeeds is a member of Metrex.\n\nKind regards\nAda Colau\n\nAppendix 1: Members\n\nVienna is a member of Metrex."
    assert [words for _, words, _ in _facts(text, read)] == [
        "Leeds is a member of Metrex",
        "Vienna is a member of Metrex",
    ]


def test_a_network_that_nobody_knows_is_new(read: Read) -> None:
    text = "Havbyene (HB) er et nettverk for byer ved kysten. HB ble stiftet i 1999. Oslo er medlem av Havbyene."
    found = {each.kind: each for each in propose(text, *read)}
    assert found["founding"].sort == found["membership"].sort == "new"
    assert dict(found["membership"].said)["organization"] == "Havbyene"


def test_a_sentence_runs_over_an_empty_line_and_not_over_a_short_form() -> None:
    text = "Den har en president og et styre\n\n(Board) på ca. 12 medlemmer. Det møtes 1. mars hvert år."
    assert [each.text for each in sentences_of(text, pattern_book())] == [
        "Den har en president og et styre (Board) på ca. 12 medlemmer.",
        "Det møtes 1. mars hvert år.",
    ]


def test_a_proposal_is_told_in_both_languages(read: Read) -> None:
    figure = _one("Eurocities har 140 medlemmer.", "figure", read)
    told = told_proposal(figure, read[1], read[0])
    assert told.nb.startswith("antall medlemmer i Eurocities")
    assert told.en.startswith("number of members in Eurocities")


def test_a_pattern_is_added_without_python(read: Read) -> None:
    words = {"small_words": ["og", "er"], "and": ["og"], "words": {}, "cues": {}, "roles_grade": {}}
    said = {"kind": "founding", "say": "{organization} så dagens lys «i {date}»"}
    book = PatternBook({"nb": {**words, "patterns": [said]}})
    (found,) = propose("Eurocities så dagens lys i 1986.", *read, book)
    assert (found.kind, found.words) == ("founding", "i 1986")


@pytest.mark.parametrize("say", ["(er", "er)", "{organization", "<nothing>"])
def test_a_pattern_that_is_not_understood_says_which(say: str) -> None:
    with pytest.raises(ValueError, match="nb patterns 1"):
        compile_line(say, {}, "nb patterns 1")


def test_every_pattern_is_for_a_kind_that_there_is(read: Read) -> None:
    patterns: list[Pattern] = [each for one in ("nb", "en") for each in pattern_book().patterns(one)]
    assert {each.kind for each in patterns} <= set(read[1])


def test_a_sentence_without_an_end_is_read_in_pieces_that_have_one(read: Read) -> None:
    text = "Eurocities, " + "Oslo Bergen ikke " * 100 + ", Oslo er medlem av Eurocities og " * 30
    found = sentences_of(text, pattern_book())
    assert max(len(each.tokens) for each in found) <= 150
    assert sum(len(each.tokens) for each in found) == 302 + 7 * 30
    assert ("membership", "Oslo er medlem av Eurocities", "clear") in _facts(text, read)


def _said(text: str, read: Read) -> list[tuple[str, dict[str, str], str]]:
    return [(each.kind, dict(each.said), each.sort) for each in propose(text, *read)]


def test_the_network_is_the_one_that_was_spoken_of_last_and_never_a_municipality(read: Read) -> None:
    text = "Vik kommune er et sted.\n\nOslo ble medlem av Nordiske Havnebyer i 2016. Nettverket har 31 byer. Oslo er med i Metrex. Nettverket har 50 medlemmer."
    figures = [(said["organization"], sort) for kind, said, sort in _said(text, read) if kind == "figure"]
    assert figures == [("Nordiske Havnebyer", "new"), ("id:metrex", "choose")]


def test_the_city_is_the_one_that_was_spoken_of_last_and_is_asked(read: Read) -> None:
    text = "Oslo kommune er stor.\n\nI 2011 ble kommunen tatt opp som fullverdig medlem av Eurocities."
    ((kind, said, sort),) = _said(text, read)
    assert (kind, said["member"], said["since"], sort) == ("joined", "id:oslo-kommune", "2011", "choose")
    assert not _said("I 2011 ble kommunen tatt opp som fullverdig medlem av Eurocities.", read)


def test_what_is_said_behind_an_and_is_said_of_who_the_sentence_begins_with(read: Read) -> None:
    found = _said("Bergen ble medlem av Havnebyene i 2012 og gikk ut igjen i 2018.", read)
    assert [(kind, said["member"], said["organization"]) for kind, said, _ in found] == [
        ("joined", "id:bergen-kommune", "Havnebyene"), ("left", "id:bergen-kommune", "Havnebyene"),
    ]  # fmt: skip
    assert found[1][1]["until"] == "2018"
    # What is denied behind it is not denied before it.
    kinds = [kind for kind, *_ in _said("Metrex\n\nBergen gikk ut i 2019 og har ikke planer om noe annet.", read)]
    assert kinds == ["network", "left"]


def test_a_group_is_one_of_the_network_that_the_text_is_about(read: Read) -> None:
    lead = "Oslo leder arbeidsgruppen for avfall."
    assert _one(f"Eurocities\n\n{lead}", "lead", read).value("organization").said == "id:eurocities-wg-waste"  # type: ignore[union-attr]
    other = _one(f"Metrex\n\n{lead}", "lead", read)
    assert (other.value("organization").said, other.sort) == ("avfall", "new")  # type: ignore[union-attr]
    alone = _one(lead, "lead", read)
    assert alone.sort == "choose"
