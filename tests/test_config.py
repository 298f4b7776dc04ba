"""graph.toml: every wrong key and value is named, with a suggestion."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st

from citygraph.config import Config, Duration, check_terms, check_values, read_config, settings
from citygraph.errors import ConfigError
from citygraph.ingest import mapping
from citygraph.messages import said_in
from citygraph.publish.catalog import catalog_of
from citygraph.publish.record import PROFILES, write_record
from citygraph.rdf import Iri
from citygraph.version import __version__
from conftest import ROOT
from portal_record import ITEMS, iri

_TITLE = 'title = "Trial"\n'
_EU: Final = "http://publications.europa.eu/resource/authority/"
_UNIT: Final = "https://data.geonorge.no/administrativeEnheter/"


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
        (_TITLE + "limits = 5\n", "limits = 5: that is a table: write [limits], and below it timeout"),
        (_TITLE + "[[limits]]\nrows = 1\n", "limits = [{ rows = 1 }]: that is a table"),
        (_TITLE + 'publisher = "By"\n', "write [publisher], and below it name = …"),
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


# -- what people write ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "written", "read"),
    [
        ("publisher.identifier", "964 965 226", "964965226"),
        ("publisher.identifier", "NO\u00a0964\u00a0965\u00a0226 MVA", "964965226"),
        ("publisher.identifier", "Org.nr. 964.965.226", "964965226"),
        ("publisher.identifier", 964965226, "964965226"),
        ("licence", "NLOD 2.0", f"{_EU}licence/NLOD_2_0"),
        ("licence", "cc-by-4.0", f"{_EU}licence/CC_BY_4_0"),
        ("licence", "CC BY 4.0", f"{_EU}licence/CC_BY_4_0"),
        ("licence", "https://creativecommons.org/licenses/by/4.0/deed.no", f"{_EU}licence/CC_BY_4_0"),
        ("licence", _EU.replace("http:", "https:") + "licence/CC0", f"{_EU}licence/CC0"),
        ("licence", "https://licences.example.net/ours", "https://licences.example.net/ours"),
        ("publish.frequency", "Hvert kvartal", "QUARTERLY"),
        ("publish.frequency", " Quarterly ", "QUARTERLY"),
        ("publish.frequency", "once a year", "ANNUAL"),
        ("publish.frequency", f"{_EU}frequency/DAILY", "DAILY"),
        ("publish.spatial", "Stavanger", (f"{_UNIT}kommune/id/173091173075173090",)),
        (
            "publish.spatial",
            ["Norway", "NO", "Møre og Romsdal fylke"],
            (f"{_EU}country/NOR", f"{_UNIT}fylke/id/173147"),
        ),
        ("publish.spatial", ["Europa", "NOR_OSL"], (f"{_EU}continent/EUROPE", f"{_EU}place/NOR_OSL")),
        ("publish.themes", "Government and public sector", ("GOVE",)),
        ("publish.los", ["kultur", "Kultur, idrett og fritid"], ("tema/kultur", "tema/kultur-idrett-og-fritid")),
        ("publish.high_value", ["Statistikk"], ("c_e1da4e07",)),
        ("publish.access", "Offentlig", "PUBLIC"),
        ("publish.status", f"{_EU}distribution-status/DEVELOP", "DEVELOP"),
        ("publish.legislation", "LOV-2006-05-19-16", ("https://lovdata.no/eli/lov/2006/05/19/16",)),
        ("publisher.type", "Local Authority", "LocalAuthority"),
        ("publisher.type", "Kommune", "LocalAuthority"),
        ("contact.email", "Post, Mottak <post@city.no>", ("post@city.no",)),
        (
            "contact.email",
            "mailto:mailto:post@city.no; b@city.no og c@city.no",
            ("post@city.no", "b@city.no", "c@city.no"),
        ),
        ("reason.engine", "DuckDB", "duckdb"),
        ("publisher.name", {"nb": " By ", "en": "  "}, {"nb": "By", "en": ""}),
    ],
)
def test_what_people_write_is_understood(key: str, written: object, read: object) -> None:
    config = _here().having(key, written)
    assert config.values[key] == read
    assert config.having(key, config.values[key]).values[key] == read


@pytest.mark.parametrize(
    ("key", "written", "says"),
    [
        ("publisher.identifier", "964 965 227", "check digit"),
        ("publisher.identifier", "12345", "nine digits"),
        ("licence", "CC BY", '"CC BY 4.0" (CC_BY_4_0)'),
        ("licence", f"{_EU}licence/CC_BY_5_0", "a code or a name of the table licence"),
        ("publish.frequency", "hver fullmåne", "The nearest are"),
        ("publish.availability", "for years to come", '"available" (AVAILABLE)'),
        ("publish.spatial", "Våler", f"{_UNIT}kommune/id/172700"),
        ("publish.spatial", ["Norge", "Narnia"], '"Narnia"'),
        ("publish.los", "Kultur og idrett", "(tema/kultur-idrett-og-fritid)"),
        ("publish.themes", ["GOVERNMENT", "Kultur"], 'publish.themes = "Kultur"'),
        ("publisher.type", "Local Autority", '"local authority" (LocalAuthority)'),
        ("publisher.homepage", "www.city.no", "Did you mean 'https://www.city.no'?"),
        ("publisher.homepage", "mailto:a@city.no", "expected an absolute address"),
        ("contact.email", "a@city.no, b(at)city.no", 'contact.email = "b(at)city.no"'),
        ("publish.site", "https://city.no/?page=/", "neither ? nor #"),
        ("serve.trusted_proxies", "127.0.0.1, localhost", '"localhost"'),
        ("reason.memory_limit", "a lot", "4GB"),
        ("reason.memory_limit", "0GB", "at least 64MB"),
        ("reason.memory_limit", "999kB", "at least 64MB"),
        ("limits.timeout", 10**12, "not above 1,000,000"),
        ("sources.folder", "a\0b", "expected a text"),
    ],
)
def test_what_is_not_understood_is_named_with_what_comes_near(key: str, written: object, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _here().having(key, written)
    assert f"{key} = " in caught.value.message
    assert says in caught.value.message


def test_the_nearest_terms_are_named_in_the_language_of_the_reader() -> None:
    with pytest.raises(ConfigError) as caught:
        _here().having("publish.frequency", "kvartalvis")
    assert '"kvartalsvis" (QUARTERLY)' in said_in(caught.value.message, "nb")
    assert '"quarterly" (QUARTERLY)' in said_in(caught.value.message, "en")


@pytest.mark.parametrize(
    ("key", "written", "read"),
    [
        *(
            ("encoding", each, each)
            for each in ("utf-8", "UTF-8-SIG", "latin-1", "iso-8859-15", "windows-1250", "utf-16")
        ),
        ("delimiter", "Tabulator", "\t"),
        ("delimiter", ";", ";"),
        ("licence", "CC BY 4.0", f"{_EU}licence/CC_BY_4_0"),
        *(("encoding", each, None) for each in ("excel", "idna", "zlib", "rot13", "unicode_escape", "a\0b", 5)),
        *(("delimiter", each, None) for each in ("::", "\n", '"', 5)),
        *(("near", each, None) for each in (101, 0, "84")),
        ("default_role", "member", None),
        ("columns.city", [], None),
    ],
)
def test_a_key_of_a_map_takes_what_can_be_meant_and_no_more(key: str, written: object, read: object) -> None:
    def values() -> object:
        raw = {"list": "x", "as_of": date(2025, 1, 1), "columns.city": "City", key: written}
        keys = mapping.map_keys()
        return check_values(raw, keys, where="map.toml", kinds=mapping.MAP_KINDS, error=ConfigError, fix="")[key]

    if read is not None:
        assert values() == read
        return
    with pytest.raises(ConfigError, match=re.escape(f"map.toml: {key} = ")):
        values()


def test_a_key_in_the_wrong_table_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'publish\.emial' is not known\. Did you mean 'contact\.email'\?"):
        read_config(_config(tmp_path, _TITLE + '[publish]\nemial = "a@city.no"\n'))


def test_an_address_that_no_table_has_is_a_finding() -> None:
    config = _here().having("publish.frequency", "https://tables.example.net/often")
    assert [(each.code, each.file) for each in check_terms(config, "publish")] == [
        ("publish-unknown-value", "graph.toml")
    ]
    assert check_terms(config, "publisher") == []
    assert check_terms(_here()) == []


def test_several_contacts_laws_and_a_category_are_in_the_record(tmp_path: Path) -> None:
    text = """title = "T"
        [[contact]]
        name = "One"
        email = ["a@city.no", "b@city.no"]
        [[contact]]
        name = "Two"
        url = "https://city.no/two"
        [publish]
        service = "https://city.no/"
        high_value = "Mobility"
        legislation = "FOR-2020-01-02-3" """
    config = read_config(_config(tmp_path, text))
    made = catalog_of(config, ITEMS, period=("", ""), modified=date(2026, 11, 23))
    for profile in PROFILES.values():
        record = write_record(made, profile)
        points = {t.object for t in record if t.predicate == iri("dcat:contactPoint")}
        assert points == {Iri(f"{config.base}contact"), Iri(f"{config.base}contact-2")}
        assert len({t.object for t in record if t.predicate == iri("vcard:hasEmail")}) == 2
        laws = {(t.subject, t.object) for t in record if t.predicate == iri("dcatap:applicableLegislation")}
        assert len({subject for subject, _ in laws}) == 1 + len(ITEMS) + 2
        assert {str(law) for _, law in laws} == {
            "<https://lovdata.no/eli/forskrift/2020/01/02/3>", "<http://data.europa.eu/eli/reg_impl/2023/138/oj>",
        }  # fmt: skip
        assert {str(t.object) for t in record if t.predicate == iri("dcatap:hvdCategory")} == {
            "<http://data.europa.eu/bna/c_b79e35eb>"
        }
    with pytest.raises(ConfigError, match=r"(?s)emial.*Did you mean 'email'"):
        read_config(_config(tmp_path, text.replace('url = "https', 'emial = "https')))
    with pytest.raises(ConfigError, match=r"contact\.more = .*with name, and email or url"):
        read_config(_config(tmp_path, text.replace('url = "https://city.no/two"', "")))


# -- anything at all ------------------------------------------------------------------------------------

_PYTHON: Final = re.compile(
    r"NoneType|Traceback|\b(str|int|float|dict|True|False|None|KeyError|ValueError)\b|list index|object at|datetime\.|mappingproxy|unhashable|codec"
)
_WORDS: Final = st.text(max_size=12) | st.sampled_from((
    "", " ", "\0", "a\nb", "http://", "https://[", "https://a.example:99999/", "958935420", "964965227", "@", "mailto:",
    "a@b.no", "CC BY 4.0", "Norge", "P1Y", "٣", "../x", "x" * 5000, "\u202e", "idna", "1GB", "nb", "urn:x:y", "<a@b.no", ",",
))  # fmt: skip
_ANYTHING: Final = st.recursive(
    _WORDS | st.integers() | st.just(10**400) | st.floats() | st.booleans()
    | st.sampled_from((date(1, 1, 1), date(9999, 12, 31), datetime(2020, 1, 1), time(1))),  # noqa: DTZ001  # as TOML has it
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(("nb", "en", "name", "email", "url", "x", "")), inner, max_size=2
    ),
    max_leaves=4,
)  # fmt: skip


@cache
def _here() -> Config:
    return read_config(ROOT)


def _said(error: ConfigError, key: str) -> None:
    for language in ("nb", "en"):
        said = said_in(error.message, language)
        assert key in said
        assert not _PYTHON.search(re.sub(r'"[^"]*"', "", said)), said


@how(max_examples=400)
@given(st.sampled_from(settings()), _ANYTHING)
def test_any_value_of_any_setting_is_used_or_named(key: Any, value: Any) -> None:  # noqa: ANN401
    try:
        config = _here().having(key.key, value)
    except ConfigError as error:
        _said(error, key.key)
        return
    if value is not None and key.key.partition(".")[0] in {"publish", "publisher", "contact"}:
        made = catalog_of(config, ITEMS, period=("", ""), modified=date(2026, 11, 23))
        assert write_record(made, PROFILES["dcat-ap-3"])
    number = config.values["publisher.identifier"]
    assert number == "" or (len(number) == 9 and number.isascii() and number.isdecimal())


@how(max_examples=200)
@given(st.sampled_from(mapping.map_keys()), _ANYTHING)
def test_any_value_of_any_key_of_a_map_is_used_or_named(key: Any, value: Any) -> None:  # noqa: ANN401
    raw = {"list": "x", "as_of": date(2025, 1, 1), "columns.city": "City", key.key: value}
    try:
        check_values(raw, mapping.map_keys(), where="map.toml", kinds=mapping.MAP_KINDS, error=ConfigError, fix="")
    except ConfigError as error:
        _said(error, key.key)


_PUT: Final = ('"', "'", "[", "}", "=", "\n", "\\", "\0", '"""', "2025-02-30", "é")


@how(max_examples=300)
@given(start=st.integers(0, 10_000), length=st.integers(0, 40), put=st.sampled_from(_PUT))
@example(start=0, length=0, put="a = " + "[" * 3000)
@example(start=0, length=0, put="a = " + "9" * 5000)
def test_a_broken_file_is_named_with_line_and_column(
    start: int, length: int, put: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, text = tmp_path_factory.getbasetemp(), (ROOT / "graph.toml").read_text(encoding="utf-8")
    start %= len(text)
    (folder / "graph.toml").write_bytes((text[:start] + put + text[start + length :]).encode("utf-8"))
    error = _refused(folder)
    if error is None:
        return
    for language in ("nb", "en"):
        said = re.sub(r'"[^"]*"', "", said_in(error.message, language))
        assert not re.search(r"Expected|Invalid|Unclosed|Traceback", said)
    if "not valid TOML" in error.message and "inside each other" not in error.message:
        assert re.search(r"graph\.toml:\d+:\d+: ", error.message)
        assert error.line


def _refused(folder: Path) -> ConfigError | None:
    try:
        read_config(folder)
    except ConfigError as error:
        return error
    return None


def test_a_file_in_another_encoding_is_named_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_bytes('title = "x"\nb = "å"\n'.encode("cp1252"))
    with pytest.raises(ConfigError, match=r"graph\.toml is not UTF-8 \(byte 18, graph\.toml:2:6\)"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (f"=={__version__}", True),
        (">=0.0.1, <99", True),
        ("", True),
        (">=99.1", False),
        ("<0.0.1", False),
        (f"!={__version__}", False),
    ],
)
def test_a_project_for_another_version_stops_before_its_keys_are_read(
    tmp_path: Path, wanted: str, *, fits: bool
) -> None:
    new_key = "" if fits else "key_of_another_version = 1\n"
    (tmp_path / "graph.toml").write_text(
        f'requires = "{wanted}"\ntitle = "x"\nbase = "http://a/"\n{new_key}', encoding="utf-8"
    )
    if fits:
        assert read_config(tmp_path).values["requires"] == wanted
        return
    with pytest.raises(ConfigError, match="requires citygraph") as caught:
        read_config(tmp_path)
    assert wanted in caught.value.fix


@pytest.mark.parametrize("wanted", ["0.2", ">=x", ">=1,,<2", ">=1;<2", "latest"])
def test_versions_that_are_written_otherwise_are_a_wrong_value(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "graph.toml").write_text(f'requires = "{wanted}"\ntitle = "x"\nbase = "http://a/"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="expected versions of the program"):
        read_config(tmp_path)
