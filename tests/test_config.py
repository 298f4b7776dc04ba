"""graph.toml: every wrong key and value is named, with a suggestion."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.config import Duration, read_config, settings
from citygraph.errors import ConfigError
from citygraph.messages import said_in

_TITLE = 'title = "Trial"\n'


def _config(tmp_path: Path, text: str) -> Path:
    (tmp_path / "graph.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_title_is_all_that_is_needed(tmp_path: Path) -> None:
    config = read_config(_config(tmp_path, _TITLE))
    assert (config.title.nb, config.title.en) == ("Trial", "Trial")
    assert config.base == "https://w3id.org/citygraph/"
    assert config.languages == ("nb", "en")
    assert config.as_of is None
    assert config.number("limits.timeout") == 10
    assert config.duration("time.stale_after") == Duration(years=5)
    assert config.sources_folder == tmp_path / "sources"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    text = (
        'title = { nb = "Prøve", en = "Trial" }\nas_of = 2020-11-05\nbase = "https://a.example/"\n[store]\nkeep = 2\n'
    )
    config = read_config(_config(tmp_path, text))
    assert config.title.nb == "Prøve"
    assert config.as_of == date(2020, 11, 5)
    assert config.base == "https://a.example/"
    assert config.number("store.keep") == 2


def test_a_byte_order_mark_in_the_settings_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_bytes(b"\xef\xbb\xbf" + _TITLE.encode())
    assert read_config(tmp_path).title.en == "Trial"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the key 'title' is missing"),
        ("title = 5\n", "title = 5: expected a text"),
        ('title = ""\n', "expected a text"),
        ("title = {}\n", "expected a text"),
        (_TITLE + 'tilte = "x"\n', "Did you mean 'title'"),
        (_TITLE + "[limit]\nrows = 1\n", "Did you mean 'limits'"),
        (_TITLE + "[limits]\nrow = 1\n", "Did you mean 'limits.rows'"),
        (_TITLE + "[zzz]\na = 1\n", "the key 'zzz' is not known"),
        (_TITLE + "[limits]\nrows = 0\n", "expected a whole number above 0"),
        (_TITLE + "[limits]\nrows = true\n", "expected a whole number above 0"),
        (_TITLE + '[limits]\nrows = "9"\n', "expected a whole number above 0"),
        (_TITLE + 'as_of = "2020-11-05"\n', "without quotes"),
        (_TITLE + "as_of = 2020-11-05T12:00:00\n", "expected a date"),
        (_TITLE + 'base = "https://a.example"\n', "the base address ends in /"),
        (_TITLE + 'base = "https://a.example/ /"\n', "expected an absolute address"),
        (_TITLE + 'licence = "CC BY"\n', "expected an absolute address"),
        (_TITLE + 'languages = ["de"]\n', "expected a list of nb and en"),
        (_TITLE + "languages = []\n", "expected a list of nb and en"),
        (_TITLE + 'languages = "nb"\n', "expected a list of nb and en"),
        (_TITLE + '[time]\nstale_after = "5 years"\n', "expected a duration such as P5Y"),
        (_TITLE + '[time]\nstale_after = "P"\n', "expected a duration such as P5Y"),
        (_TITLE + '[reason]\nengine = "hermit"\n', "expected one of columnar"),
        (_TITLE + '[reason]\nengine = "sparql"\n', 'write engine = "columnar"'),
        (_TITLE + '[store]\nreason = "pushed-down"\n', 'write reason = "upstream", or leave the line out'),
        (_TITLE + "[sources]\nfolder = 1\n", "expected a text"),
        (_TITLE + "title = 'again'\n", "is not valid TOML"),
        (_TITLE + "[limits\n", "is not valid TOML"),
        (_TITLE + "limits = 5\n", "limits"),
        (_TITLE + "[[limits]]\nrows = 1\n", "limits"),
        (_TITLE + "[reason.engine]\nname = 'x'\n", "reason.engine"),
        (_TITLE + 'languages = [["nb"]]\n', "expected a list"),
    ],
)
def test_a_wrong_setting_says_what_is_expected(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(_config(tmp_path, text))
    assert says in caught.value.message
    assert str(tmp_path / "graph.toml") in caught.value.message
    assert caught.value.fix


def test_every_wrong_key_is_named_in_one_run_and_in_both_languages(tmp_path: Path) -> None:
    folder = _config(tmp_path, 'tilte = "x"\n[limits]\nrows = 0\n')
    with pytest.raises(ConfigError) as caught:
        read_config(folder)
    unknown, missing, wrong = caught.value.message.splitlines()
    assert "the key 'tilte' is not known. Did you mean 'title'?" in unknown
    assert "the key 'title' is missing: The name of the graph." in missing
    assert wrong.endswith("limits.rows = 0: expected a whole number above 0.")
    norwegian = said_in(caught.value.message, "nb").splitlines()
    assert len(norwegian) == 3
    assert norwegian[0].endswith("nøkkelen 'tilte' er ukjent. Mente du 'title'?")
    assert said_in(caught.value.fix, "nb") == "Alle nøkler er beskrevet i docs/settings.md."


def test_no_settings_says_how_to_start_a_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no graph\.toml") as caught:
        read_config(tmp_path)
    assert "citygraph new" in caught.value.fix


def test_every_setting_is_explained_in_both_languages() -> None:
    for setting in settings():
        assert setting.about.nb, setting.key
        assert setting.about.en, setting.key
        assert setting.about.nb != setting.about.en, setting.key


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))
def test_a_duration_reads_back_what_it_says(years: int, months: int, days: int) -> None:
    assert Duration.parse(f"P{years}Y{months}M{days}D") == Duration(years, months, days)


@pytest.mark.parametrize("text", ["", "P", "5Y", "P5", "-P5Y", "PT5H", "P5Y ", "P5M5Y", "p5y", "P5Y\n", "P٥Y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("duration", "day", "before"),
    [
        ("P5Y", date(2020, 11, 5), date(2015, 11, 5)),
        ("P1Y", date(2020, 2, 29), date(2019, 2, 28)),
        ("P1M", date(2020, 3, 31), date(2020, 2, 29)),
        ("P1M", date(2020, 1, 15), date(2019, 12, 15)),
        ("P18M", date(2020, 11, 5), date(2019, 5, 5)),
        ("P10D", date(2020, 3, 5), date(2020, 2, 24)),
        ("P9999Y", date(2020, 1, 1), date(1, 1, 1)),
    ],
)
def test_the_day_before_by_a_duration(duration: str, day: date, before: date) -> None:
    assert Duration.parse(duration).before(day) == before


@given(st.dates(date(2, 1, 1)), st.integers(0, 3), st.integers(0, 40), st.integers(0, 800))
def test_the_day_before_is_never_later(day: date, years: int, months: int, days: int) -> None:
    assert Duration(years, months, days).before(day) <= day
