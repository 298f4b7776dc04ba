"""What the tests of imports share: a map, a heading, and a report that can be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from citygraph.ingest.run import Ingested

__all__ = ["HEADING", "MAP", "Take", "Taken"]

MAP = """list = "members"
as_of = {day}
[columns]
city = "City"
country = "Country"
network = "Network"
status = "Status"
joined = "Since"
latitude = "Lat"
longitude = "Long"
region = "State"
"""
HEADING = "City;Country;Network;Status;Since;Lat;Long;State\n"


@dataclass(frozen=True)
class Taken:
    """What came of a list: the outcome of each row by its number, and the lines of the report."""

    done: Ingested
    report: tuple[dict[str, str], ...]

    def outcome(self, row: int) -> str:
        """The outcomes of a row."""
        return " + ".join(dict.fromkeys(line["outcome"] for line in self.report if int(line["row"]) == row))

    def reason(self, row: int) -> str:
        """Why."""
        return " + ".join(line["reason"] for line in self.report if int(line["row"]) == row)

    def member(self, row: int) -> str:
        """Who was found."""
        return " + ".join(dict.fromkeys(line["member"] for line in self.report if int(line["row"]) == row))

    def notes(self, row: int) -> str:
        """What the reader should know."""
        return " + ".join(line["notes"] for line in self.report if int(line["row"]) == row)


Take = Callable[..., Taken]
