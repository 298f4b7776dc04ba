"""What one row states of networks: their names in one cell, the mark of a column, a role, when; and when it is still to come."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Final, NamedTuple

from citygraph.ingest.cells import clean, name_problem
from citygraph.ingest.dates import LEFT, NOT_YET, Period, read_status, without_former, without_not
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.tables import Row
from citygraph.matching.names import fold, one_of, words_of
from citygraph.messages import sentence

# Marks that clean() takes for nothing, and that say more than an empty cell.
DOUBT: Final = frozenset({"?", "??", "(?)", "tbd", "...", "…"})
_BEHIND: Final = re.compile(
    r"\A(?P<name>.*?\w.*?)\s*(?:[(\[](?P<inside>[^()\[\]]+)[)\]]|\s[–-]\s(?P<after>[^–]+)|:\s(?P<colon>.+))\Z"
)
# A comma between a known name and short ones is a list; a name with a comma in it rarely begins or ends with another's name.
_PLAIN, _LONGEST = (",", "|", ";"), 60


class _Words(NamedTuple):
    """Patterns made of words/: a year behind a name; what stands between names or behind one; "and" between blanks."""

    year: re.Pattern[str]
    between: re.Pattern[str]
    and_: tuple[str, ...]


@cache
def _words() -> _Words:
    words = words_of(__package__, "cells", "and")
    since = one_of(words_of(__package__, "dates", "behind"))
    year = re.compile(rf"\A(?P<name>.*?\S)[\s,]+(?P<tail>(?:{since}\s+)?(?:19|20)\d\d)\Z")
    between = re.compile(rf"[,;/|+&\n():–]|\s(?:{one_of(words)}|-)\s|\b(?:19|20)\d\d\b")
    return _Words(year, between, tuple(f" {word} " for word in words))


@dataclass(frozen=True, slots=True)
class Claim:
    """One membership that a row states: the network as written, the role, when; or why it cannot be used.

    Args:
        network: as the list writes it.
        role: the local name of the role.
        period: begin and end.
        has_left: whether it is over.
        problem: why there is nothing to import.
        is_settled: with a problem: the list itself says that there is no membership, so that nothing is missing.
        notes: what the reader should know.
    """

    network: str
    role: str = ""
    period: Period = field(default_factory=Period)
    has_left: bool = False
    problem: str = ""
    is_settled: bool = False
    notes: tuple[str, ...] = ()


class Claims:
    """Reads the memberships of rows by one map."""

    def __init__(self, map_: ListMap, wide: Mapping[int, str], networks: Collection[str]) -> None:
        """Take what the map says.

        Args:
            map_: what the columns mean.
            wide: the columns that are networks, by place.
            networks: names of networks that are known, folded; they tell where one name in a cell ends.
        """
        self._map = map_
        self._wide = wide
        self._networks = networks
        self._month_first = map_.text("dates") == "month-first"
        self._yes = {fold(each) for each in map_.texts("wide.yes")}
        self._no = {fold(each) for each in map_.texts("wide.no")}
        self._own = map_.names("roles")
        self._role = map_.text("default_role").removeprefix("concept:")
        self._doubts: dict[str, Claim | None] = {}

    def read(self, cells: Mapping[str, str], row: Row, written: str, period: Period) -> Iterator[Claim]:
        """The claims of a row.

        Args:
            cells: the cells that the map names, cleaned.
            row: all cells as they stand.
            written: the cell of the network, not cleaned; or the network of the section or sheet.
            period: begin and end from the columns of the row.
        """
        status = cells.get("status", "")
        if self._wide:
            yield from self._marks(row, status, period)
            return
        names = names_in(written, self._map.text("separator"), self._networks)
        for network in dict.fromkeys(names):
            yield self._named(network, status, period)

    def _marks(self, row: Row, status: str, period: Period) -> Iterator[Claim]:
        for place, network in self._wide.items():
            raw = row.cells[place] if place < len(row.cells) else ""
            mark = clean(raw).text
            if fold(raw.strip()) in DOUBT:
                yield Claim(network, problem=sentence("ingest.row.mark", mark=raw.strip()))
            elif place in row.unknown:
                yield Claim(network, problem=sentence("ingest.row.no_value"))
            elif fold(mark) in self._no:
                continue
            elif place in row.struck and not self._map.text("struck"):
                yield Claim(network, problem=sentence("ingest.row.struck"))
            elif place in row.struck and self._map.text("struck") == LEFT:
                yield self._claim(network, status, replace(period, is_over=True))
            elif fold(mark) in self._yes:
                yield self._claim(network, status, period)
            else:
                yield self._marked(network, mark, status, period)

    def _marked(self, network: str, mark: str, status: str, period: Period) -> Claim:
        """A cell with more than a mark: a year, a role, "until 2019"; several lines say it together."""
        word, _, rest = mark.partition(" ")
        if fold(word) in self._yes and (
            read := read_status(_behind_mark(rest), self._own, month_first=self._month_first)
        ):
            mark = _behind_mark(rest)
            if not read.meaning:
                return self._claim(
                    network, status, replace(period, begin=read.begin or period.begin, end=read.end or period.end)
                )
        return self._claim(network, mark, period)

    def _named(self, network: str, status: str, period: Period) -> Claim:
        """A name in a cell of networks; "Eurocities (observer)" and "C40 2007" say more than a name."""
        if network not in self._doubts:
            self._doubts[network] = self._doubt(network)
        if doubt := self._doubts[network]:
            return doubt
        if (former := without_former(network)) and fold(former) in self._networks:
            return self._claim(former, status, replace(period, is_over=True))
        if fold(network) not in self._networks and not network.startswith("id:"):
            for pattern in (_BEHIND, _words().year):
                match = pattern.match(network)
                if match and pattern is not _BEHIND and fold(match["name"]) not in self._networks:
                    # "Agenda 2030" is a name.
                    continue
                behind = next((each for each in match.groups()[1:] if each), "") if match else ""
                if match and behind and (read := read_status(behind, self._own, month_first=self._month_first)):
                    dated = replace(period, begin=read.begin or period.begin, end=read.end or period.end)
                    return self._claim(match["name"], behind if read.meaning else status, dated)
        return self._claim(network, status, period)

    def _doubt(self, network: str) -> Claim | None:
        """What a cell says instead of a network ("no", "x", "ikke medlem"), or of one in doubt or denied: "C40?", "ikke C40"."""
        word = fold(network)
        if word in self._map.names("networks") or network.startswith("id:"):
            return None
        read = read_status(network, self._own)
        if word in self._no or (read and read.meaning == NOT_YET):
            return Claim(network, problem=sentence("ingest.row.not_member", status=network[:60]), is_settled=True)
        if word in self._yes or network.rstrip(" )]").endswith("?") or fold(without_not(network)) in self._networks:
            return Claim(network, problem=sentence("ingest.row.mark", mark=network[:60]))
        return None

    def _claim(self, network: str, status: str, period: Period) -> Claim:
        if not network.startswith("id:") and (problem := name_problem(network)):
            return Claim(network, problem=sentence("ingest.row.no_network_name", why=problem))
        if not status:
            return Claim(network, self._role, period, has_left=bool(period.end) or period.is_over)
        read = read_status(status, self._own, month_first=self._month_first)
        if read is None:
            return Claim(network, problem=sentence("ingest.row.status", status=status[:60]))
        if read.meaning == NOT_YET:
            return Claim(network, problem=sentence("ingest.row.not_member", status=status[:60]), is_settled=True)
        begin, end = period.begin or read.begin, period.end or read.end
        if begin and end and end < begin[: len(end)]:
            return Claim(network, problem=sentence("ingest.row.left_before", end=end, begin=begin))
        if (read.meaning == LEFT or period.is_over) and not end:
            read = replace(read, notes=(*read.notes, sentence("ingest.note.no_end")))
        told = _differing(period, read.begin, read.end)
        has_left = bool(end) or read.meaning == LEFT or period.is_over
        role = self._role if read.meaning in {LEFT, ""} else read.meaning
        return Claim(network, role, Period(begin, end), has_left=has_left, notes=(*read.notes, *told))


def _behind_mark(rest: str) -> str:
    """What stands behind the mark of a cell: "x – 2004" says 2004, and "x –2010" that it was until then."""
    return re.sub(r"\A[-–—]\s+", "", rest.strip(" ,;:"))


def in_time(claim: Claim, day: str) -> Claim:
    """The claim, unless it begins in a time that is still to come: then a person must look at it.

    Args:
        claim: what a row states.
        day: the day of the list or row; what lies after it is told.
    """
    begin, end = claim.period.begin, claim.period.end
    latest = max(day, datetime.now(tz=UTC).date().isoformat())
    if not claim.problem and begin[: len(latest)] > latest[: len(begin)]:
        return replace(claim, problem=sentence("ingest.row.in_future", begin=begin))
    notes = [
        sentence(f"ingest.note.{word}_later", said=said, day=day)
        for word, said in (("begins", begin), ("ends", end))
        if said[: len(day)] > day[: len(said)]
    ]
    return replace(claim, notes=(*claim.notes, *notes)) if notes else claim


def _differing(period: Period, begin: str, end: str) -> tuple[str, ...]:
    """What the status says against the columns of dates: the columns count, and the difference is told."""
    return tuple(
        sentence(f"ingest.note.{word}_differs", ours=ours, theirs=theirs)
        for word, ours, theirs in (("begin", period.begin, begin), ("end", period.end, end))
        if ours and theirs and ours[: len(theirs)] != theirs[: len(ours)]
    )


def is_one_name(cell: str) -> bool:
    """Whether a cell of networks holds one name and nothing else that could be read from it.

    >>> [is_one_name(each) for each in ("Eurocities", "Eurocities, C40", "C40 2007", "")]
    [True, False, False, False]
    """
    return bool(cell) and not _words().between.search(cell)


def names_in(written: str, separator: str, known: Collection[str]) -> list[str]:
    r"""The names in one cell: apart by the separator and by lines; by a comma or stroke only when that gives known names.

    >>> names_in("Eurocities; C40\nICLEI", ";", ()), names_in("Covenant of\nMayors", ";", {"covenant of mayors"})
    (['Eurocities', 'C40', 'ICLEI'], ['Covenant of Mayors'])
    >>> names_in("C40, ICLEI", ";", {"c40", "iclei"}), names_in("Climate, Energy and Cities", ";", {"c40"})
    (['C40', 'ICLEI'], ['Climate, Energy and Cities'])
    >>> names_in("C40, Some New Network", ";", {"c40"}), names_in("C40 and Some New Network", ";", {"c40"})
    (['C40', 'Some New Network'], ['C40 and Some New Network'])
    """
    whole = clean(written).text
    if not whole:
        return []
    if fold(whole) in known or written.startswith("id:"):
        return [whole]
    found: list[str] = []
    for line in html.unescape(written).splitlines():
        for part in line.split(separator) if separator else [line]:
            name = clean(part.strip(" \t•·–-*")).text or clean(part).text
            if name:
                found += _by_known(name, known)
    return found


def _by_known(name: str, known: Collection[str]) -> list[str]:
    if fold(name) not in known:
        for between in (",", ";", "/", "|", " + ", " & ", *_words().and_):
            parts = [part.strip() for part in name.split(between) if part.strip()]
            sure = [fold(part) in known for part in parts]
            if len(parts) > 1 and (all(sure) or (between in _PLAIN and any(sure) and max(map(len, parts)) <= _LONGEST)):
                return parts
    return [name]
