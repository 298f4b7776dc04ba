"""Matching names against 5,000 places: our scoring and plain rapidfuzz WRatio, on the same gold set in one run."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from bench.gold_link import Case, gold_cases, gold_targets, named_cases, named_targets
from bench.report import Section
from citygraph.matching.names import read_name
from citygraph.matching.score import TargetIndex, Wanted
from citygraph.matching.things import Name, Thing

_SEED = 20261123
_TARGETS = 5_000

# Real places with the traps of standards.md. Their exonyms are in the program's own list too, and most of the
# ambiguous names among its homonyms: those two classes say that the lists work, not how far they reach.
_REAL = """NO Oslo|NO Bergen|DE Bergen auf Rügen|NL Bergen|BE Mons|DE Münster|IE Limerick|GB Newcastle upon Tyne|IE Newcastle West
FR Nice Côte d’Azur|FR Lyon|FR Lyon Métropole|GR Ambelokipi-Menemeni|DK København|DE München|DE Köln|IT Firenze|IT Venezia|IT Milano
IT Torino|IT Napoli|IT Roma|PL Warszawa|PL Kraków|PL Gdańsk|PL Łódź|CZ Praha|CZ Brno|AT Wien|HU Budapest|RO București|BG София
GR Αθήνα|GR Θεσσαλονίκη|RS Београд|UA Київ|UA Львів|SE Göteborg|SE Malmö|SE Stockholm|SE Linköping|SE Norrköping|SE Jönköping
FI Helsinki|FI Turku|FI Tampere|FI Espoo|FI Vaasa|BE Bruxelles|BE Antwerpen|BE Gent|BE Brugge|BE Liège|BE Leuven|NL Den Haag
NL 's-Hertogenbosch|NL Eindhoven|CH Genève|CH Zürich|CH Basel|PT Lisboa|PT Porto|ES Sevilla|ES Zaragoza|ES A Coruña|ES Málaga
DE Nürnberg|DE Aachen|DE Hannover|DE Frankfurt am Main|DE Frankfurt (Oder)|DE Halle (Saale)|BE Halle|DE Düsseldorf|DE Mönchengladbach
NO Tromsø|NO Bodø|NO Ålesund|NO Stavanger|NO Trondheim|NO Kristiansand|NO Kristiansund|SE Kristianstad|NO Drammen|DK Aarhus|DK Aalborg
EE Tallinn|LV Rīga|LT Vilnius|LT Kaunas|IS Reykjavík|TR İstanbul|TR İzmir|HR Zagreb|SI Ljubljana|SK Bratislava|SK Košice|ES Córdoba
FR Strasbourg|FR Saint-Étienne|FR Orléans|FR Nîmes|FR Besançon|GB Glasgow|GB London|GB Edinburgh|GB Cardiff|GB Bristol|IE Dublin|IE Cork"""
_EXONYMS = """Copenhagen=København|Kopenhagen=København|Copenhague=København|Munich=München|Monachium=München|Cologne=Köln|Keulen=Köln
Florence=Firenze|Florenz=Firenze|Venice=Venezia|Venedig=Venezia|Milan=Milano|Mailand=Milano|Turin=Torino|Naples=Napoli|Neapel=Napoli
Rome=Roma|Rom=Roma|Warsaw=Warszawa|Warschau=Warszawa|Cracow=Kraków|Krakau=Kraków|Danzig=Gdańsk|Prague=Praha|Prag=Praha|Vienna=Wien
Bucharest=București|Sofia=София|Athens=Αθήνα|Athen=Αθήνα|Thessaloniki=Θεσσαλονίκη|Belgrade=Београд|Beograd=Београд|Kyiv=Київ|Kiev=Київ
Lviv=Львів|Gothenburg=Göteborg|Helsingfors=Helsinki|Åbo=Turku|Tammerfors=Tampere|Esbo=Espoo|Vasa=Vaasa|Brussels=Bruxelles
Brussel=Bruxelles|Antwerp=Antwerpen|Ghent=Gent|Bruges=Brugge|Luik=Liège|Louvain=Leuven|The Hague=Den Haag|Haag=Den Haag
Geneva=Genève|Genf=Genève|Zurich=Zürich|Lisbon=Lisboa|Lissabon=Lisboa|Oporto=Porto|Seville=Sevilla|Saragossa=Zaragoza
Nuremberg=Nürnberg|Aix-la-Chapelle=Aachen|Hanover=Hannover|Aachen=Aachen|Istanbul=İstanbul|Straßburg=Strasbourg|Riga=Rīga
Den Bosch='s-Hertogenbosch|Laibach=Ljubljana|Pressburg=Bratislava|Reval=Tallinn|Basle=Basel|Corunna=A Coruña|Wilno=Vilnius"""
_AMBIGUOUS = (
    "Bergen|Frankfurt|Newcastle|Halle|Munster|Kristians|Cordoba|Saint|Limerick (Maine)|Newcastle-Gateshead|Lyon Airport"
)
_ABSENT = """Rotterdam|Bergenfield|Oslofjord|Bergen op Zoom|Lyonnais|Wienerwald|Torinoise|Praha-Západ|Kristianssund Nord|Dublin Bay
Londonderry|New London|Corkscrew|Porto Alegre|Portofino|Roma Termini|Milano Marittima|Viennese|Basildon|Gentofte|Malmédy|Nicea|Kölleda
Bruggen|Budapeşti|Zagrebačka|Aarau|Turkistan|Tampa|Vaasankatu|Espelkamp|Rigas|Taurage|Cardigan|Glastonbury|Bristow|Edenburg|Kosice-okolie"""
_DECORATIONS = (
    "City of {}", "{} kommune", "Municipality of {}", "{} City Council", "Stadt {}", "Gemeente {}", "Ville de {}",
    "Comune di {}", "Ayuntamiento de {}", "{} kommun", "{} Municipality", "{} (city)", "CITY OF {}", "{}, city",
)  # fmt: skip
_BEGIN = "Bjør Sand Hau Lang Stor Nord Sør Vest Øst Grün Ober Unter Mont Ville Saint Cam Pon Kar Tar Ško Żel Łom Mü Kö Ål Äng Våg Fre Hel".split()  # noqa: SIM905  # easier to read
_MIDDLE = "der ne ber gra lin to ra ve ska no ri lo ga de mi øy ås ü é ña ło".split()  # noqa: SIM905
_END = "stad by vik dal heim sund fjord burg dorf hausen ville court mont ica owo ów sk nes havn köping ø å".split()  # noqa: SIM905


@dataclass(frozen=True)
class _Case:
    """A query, its class, and the right target; no target when nothing may be matched automatically."""

    kind: str
    query: str
    target: str


def _lines(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in line.split("|")]


def targets(chance: random.Random) -> list[Thing]:
    """The real places and as many made-up ones as are missing, with no two of one name."""
    things = []
    for line in _lines(_REAL):
        country, _, name = line.partition(" ")
        things.append(Thing(f"{country}-{name}", (Name(name),), frozenset({"city"}), frozenset({country})))
    seen = {name.text.casefold() for thing in things for name in thing.names}
    while len(things) < _TARGETS:
        middle = "".join(chance.choice(_MIDDLE) for _ in range(chance.randint(0, 2)))
        name = chance.choice(_BEGIN) + middle + chance.choice(_END)
        if name.casefold() not in seen:
            seen.add(name.casefold())
            things.append(Thing(f"x-{name}", (Name(name),), frozenset({"city"})))
    return things


def gold(things: list[Thing], chance: random.Random) -> Iterator[_Case]:
    """Variants of names by seeded chance, and the traps made by hand."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for thing in things:
        by_name[thing.names[0].text].append(thing.id)
    alone = [(name, ids[0]) for name, ids in by_name.items() if len(ids) == 1 and "(" not in name]
    # Two made-up names that differ by an accent are one name to whoever leaves it out.
    folded: dict[str, int] = defaultdict(int)
    for name, _ in alone:
        folded[read_name(name).core] += 1
    alone = [each for each in alone if folded[read_name(each[0]).core] == 1 and len(each[0]) > 4]
    for name, id_ in chance.sample(alone, 150):
        yield _Case("exact", name.upper() if chance.random() < 0.3 else name, id_)
    accented = [each for each in alone if not each[0].isascii() and each[0][0] < "Ͱ"]
    for name, id_ in chance.sample(accented, 150):
        plain = "".join(_without_accent(letter) for letter in name)
        yield _Case("missing accents", plain, id_)
    for name, id_ in chance.sample([each for each in alone if len(each[0]) > 6], 250):
        mistyped = _mistyped(name, chance)
        # A slip that gives the name of another place is no slip that anybody could mend.
        if read_name(mistyped).core not in folded:
            yield _Case("typing errors", mistyped, id_)
    for name, id_ in chance.sample(alone, 200):
        yield _Case("decorations", chance.choice(_DECORATIONS).format(name), id_)
    for line in _lines(_EXONYMS):
        exonym, _, name = line.partition("=")
        yield _Case("exonyms", exonym, by_name[name][0])
    yield from (_Case("ambiguous", each, "") for each in _lines(_AMBIGUOUS))
    yield from (_Case("absent", each, "") for each in _lines(_ABSENT))
    gone = {read_name(thing.names[0].text).core for thing in things}
    count = 0
    while count < 150:
        name = chance.choice(_BEGIN) + chance.choice(_MIDDLE) + chance.choice(_MIDDLE) + chance.choice(_END)
        if read_name(name).core not in gone and not any(read_name(name).loose == read_name(t).loose for t in by_name):
            count += 1
            yield _Case("absent", name, "")


def _without_accent(letter: str) -> str:
    import unicodedata  # noqa: PLC0415

    special = {"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "ß": "ss", "ı": "i"}
    plain = "".join(each for each in unicodedata.normalize("NFD", letter) if not unicodedata.combining(each))
    return special.get(letter, plain)


def _mistyped(name: str, chance: random.Random) -> str:
    letters = list(name)
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(1, len(letters) - 1)
        match chance.randrange(4):
            case 0:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
            case 1:
                del letters[place]
            case 2:
                letters.insert(place, letters[place])
            case _:
                letters[place] = chance.choice("abdefghiklmnoprstuv")
        if len(letters) < 5:
            break
    return "".join(letters)


Matcher = Callable[[str], tuple[list[str], bool]]


def ours(index: TargetIndex) -> Matcher:
    """The first five of ours, and whether the first is a match."""

    def match(query: str) -> tuple[list[str], bool]:
        found = index.find(Wanted((read_name(query),)), limit=5)
        return [each.thing.id for each in found], bool(found) and found[0].match

    return match


def plain(things: list[Thing]) -> Matcher:
    """The first five of WRatio, and whether the first is above 95 and 10 ahead, as our rule is."""
    names = [name.text for thing in things for name in thing.names]
    ids = [thing.id for thing in things for _ in thing.names]

    def match(query: str) -> tuple[list[str], bool]:
        found = process.extract(query, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=5)
        sure = bool(found) and found[0][1] > 95 and (len(found) < 2 or found[0][1] - found[1][1] > 10)
        return [ids[place] for _, _, place in found], sure

    return match


def judge(cases: list[_Case], match: Matcher) -> dict[str, tuple[int, int, int, int, int]]:
    """For each class: cases, right at 1, right within 5, right automatic matches, false automatic matches."""
    results: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for case in cases:
        found, sure = match(case.query)
        first = bool(found) and found[0] == case.target
        hits = (1, first, case.target in found, sure and first, sure and not first)
        results[case.kind] = [old + int(new) for old, new in zip(results[case.kind], hits, strict=True)]
    return {kind: (each[0], each[1], each[2], each[3], each[4]) for kind, each in results.items()}


def second_gold(chance: random.Random, made_up: list[Thing]) -> Section:
    """Quality on the second gold set, among as many made-up places as make 5,000."""
    real = gold_targets()
    known = {name.text.casefold() for thing in real for name in thing.names}
    others = [each for each in made_up if each.id.startswith("x-") and each.names[0].text.casefold() not in known]
    things = [*real, *chance.sample(others, _TARGETS - len(real))]
    index, other = TargetIndex(things), plain(things)
    results: dict[str, list[int]] = defaultdict(lambda: [0] * 7)
    for case in gold_cases():
        found = index.find(_wanted(case), limit=5)
        ids, sure = [each.thing.id for each in found], bool(found) and found[0].match
        theirs, their_sure = other(case.query)
        hits = (
            1, ids[:1] == [case.target], theirs[:1] == [case.target], case.target in ids, sure and ids[0] == case.target,
            sure and ids[0] != case.target, their_sure and theirs[0] != case.target,
        )  # fmt: skip
        results[case.kind] = [old + int(new) for old, new in zip(results[case.kind], hits, strict=True)]
    rows = []
    for kind, (count, one, their_one, five, matched, wrong, their_wrong) in results.items():
        nothing = "not here" in kind or kind == "several bear it"
        shares = ["–"] * 3 if nothing else [f"{value / count:.1%}" for value in (one, their_one, five)]
        rows.append([kind, str(count), *shares, str(matched), str(wrong), str(their_wrong)])
    return Section(
        "link-quality-2",
        "Matching names: a second gold set",
        f"{len(real)} real places and networks, each with the one name it gives itself, among {len(things):,}. Their other "
        "names were written from general knowledge, after the scoring; variants are made by rule. Three general rules (other "
        "alphabets, first letters, spelling by sound) were added when its first result was known. The list of names was later "
        "made six times as long from general knowledge, without this set at hand. The country is known only where the class "
        "says so.",
        ["class", "names", "right first", "WRatio", "right in five", "matched", "wrongly", "WRatio wrongly"],
        rows,
    )


def third_gold() -> Section:
    """Quality on the set by hand: names in several languages among namesakes, regions and authorities."""
    things = named_targets()
    index, other = TargetIndex(things), plain(things)
    results: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for case in named_cases():
        found = index.find(_wanted(case), limit=5)
        first, sure = found[0].thing.id if found else "", bool(found) and found[0].match
        theirs, _ = other(case.query)
        wrong = sure and (first != case.target or case.verdict == "no match")
        hits = (bool(case.target), first == case.target, theirs[:1] == [case.target], sure and not wrong, wrong)
        results[case.kind] = [old + int(new) for old, new in zip(results[case.kind], hits, strict=True)]
    return Section(
        "link-quality-3",
        "Matching names: a set by hand",
        f"{len(things)} cities, regions, authorities and a network, each with one name; {len(named_cases())} names in other "
        "languages, among namesakes, with and without a country. Written by the same people as the program, after its list of "
        "names: it says that the parts work together, not how far the list reaches.",
        ["class", "names that mean one", "right first", "WRatio", "matched", "wrongly"],
        [[kind, *map(str, counts)] for kind, counts in results.items()],
    )


def _wanted(case: Case) -> Wanted:
    return Wanted((read_name(case.query),), countries=frozenset({case.country} - {""}))


def measure() -> Iterator[Section]:
    """Quality on the gold set, and the time for a batch."""
    chance = random.Random(_SEED)
    things = targets(chance)
    cases = list(gold(things, chance))
    began = time.process_time()
    index = TargetIndex(things)
    built = time.process_time() - began
    mine, theirs = judge(cases, ours(index)), judge(cases, plain(things))
    rows: list[list[str]] = []
    for kind, (count, one, five, sure, wrong) in mine.items():
        other = theirs[kind]
        shares = ["–"] * 4 if kind in {"ambiguous", "absent"} else [
            f"{value / count:.1%}" for value in (one, other[1], five, other[2])
        ]  # fmt: skip
        rows.append([kind, str(count), *shares, str(sure), str(wrong), str(other[4])])
    yield Section(
        "link-quality",
        "Matching names: quality",
        f"{len(things):,} places with one name each, no country given. Ambiguous and absent names must not be matched. "
        "The gold set is made by a seeded generator and by hand, by the same people as the program: "
        "its exonyms and most ambiguous names stand in the program's own lists, so these classes do not show how far the "
        "lists reach.",
        ["class", "names", "right first", "WRatio", "right in five", "WRatio", "matched", "wrongly", "WRatio wrongly"],
        rows,
    )
    yield second_gold(chance, things)
    yield third_gold()
    queries = [case.query for case in cases]
    batch = (queries * 2)[:1000]
    began = time.process_time()
    for query in batch:
        index.find(Wanted((read_name(query),)), limit=5)
    took = time.process_time() - began
    other = plain(things)
    began = time.process_time()
    for query in batch[:200]:
        other(query)
    slow = (time.process_time() - began) * 5
    yield Section(
        "link-time",
        "Matching names: time",
        "One thread, seconds of the processor.",
        ["what", "seconds"],
        [
            [f"{len(batch):,} names against {len(things):,} places", f"{took:.2f}"],
            [f"taking {len(things):,} places apart, once", f"{built:.2f}"],
            ["the same batch with WRatio (from 200 names)", f"{slow:.2f}"],
        ],
    )
