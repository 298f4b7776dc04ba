"""Write tests/link/wikidata.nt: a small extract in the shape of Wikidata's RDF, made up where it need not be true."""

from __future__ import annotations

from pathlib import Path

WD = "http://www.wikidata.org/entity/"
RDFS = "http://www.w3.org/2000/01/rdf-schema#label"
ALT = "http://www.w3.org/2004/02/skos/core#altLabel"
DESC = "http://schema.org/description"
WIKIBASE = "http://wikiba.se/ontology#"
PROP = "http://www.wikidata.org/prop/"
XSD = "http://www.w3.org/2001/XMLSchema#"
WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"


class Writer:
    """Collects the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def add(self, s: str, p: str, o: str) -> None:
        """One triple."""
        self.lines.append(f"<{s}> <{p}> {o} .")

    def names(self, qid: str, labels: dict[str, str], about: str = "", **aliases: list[str]) -> None:
        """Labels, aliases and a description."""
        for language, text in labels.items():
            self.add(WD + qid, RDFS, f'"{text}"@{language}')
        for language, texts in aliases.items():
            for text in texts:
                self.add(WD + qid, ALT, f'"{text}"@{language}')
        if about:
            self.add(WD + qid, DESC, f'"{about}"@en')

    def say(
        self,
        qid: str,
        prop: str,
        value: str,
        rank: str = "Normal",
        time: int = 0,
        quals: list[tuple[str, str]] | None = None,
    ) -> None:
        """One statement with its node."""
        self.count += 1
        node = f"{WD}statement/{qid}-{self.count}"
        self.add(WD + qid, PROP + prop, f"<{node}>")
        self.add(node, f"{PROP}statement/{prop}", value)
        self.add(node, WIKIBASE + "rank", f"<{WIKIBASE}{rank}Rank>")
        if time:
            self.time_node(node, f"{PROP}statement/value/{prop}", value, time)
        if rank != "Deprecated":
            self.add(WD + qid, f"{PROP}direct/{prop}", value)
        for name, each in quals or []:
            self.add(node, f"{PROP}qualifier/{name}", each)

    def time_node(self, node: str, via: str, value: str, precision: int) -> None:
        """The precision of a time."""
        self.count += 1
        at = f"http://www.wikidata.org/value/{self.count}"
        self.add(node, via, f"<{at}>")
        self.add(at, WIKIBASE + "timeValue", value)
        self.add(at, WIKIBASE + "timePrecision", f'"{precision}"^^<{XSD}integer>')


def item(qid: str) -> str:
    return f"<{WD}{qid}>"


def text(value: str) -> str:
    return f'"{value}"'


def day(value: str) -> str:
    return f'"{value}T00:00:00Z"^^<{XSD}dateTime>'


def number(value: str) -> str:
    return f'"+{value}"^^<{XSD}decimal>'


def point(latitude: float, longitude: float) -> str:
    return f'"Point({longitude} {latitude})"^^<{WKT}>'


def extract() -> str:
    w = Writer()
    for qid, nb, en, code in (
        ("Q20", "Norge", "Norway", "NO"),
        ("Q31", "Belgia", "Belgium", "BE"),
        ("Q183", "Tyskland", "Germany", "DE"),
        ("Q55", "Nederland", "Netherlands", "NL"),
    ):
        w.names(qid, {"nb": nb, "en": en})
        w.say(qid, "P31", item("Q6256"))
        w.say(qid, "P297", text(code))
    places = [
        ("Q585", {"nb": "Oslo", "en": "Oslo"}, "capital of Norway", "Q20", 59.913, 10.739, "Q515"),
        ("Q26793", {"nb": "Bergen", "en": "Bergen"}, "city in Norway", "Q20", 60.392, 5.324, "Q515"),
        ("Q12994", {"nb": "Mons", "en": "Mons", "nl": "Bergen"}, "city in Belgium", "Q31", 50.455, 3.952, "Q515"),
        ("Q9910", {"en": "Bergen", "nl": "Bergen"}, "municipality in the Netherlands", "Q55", 52.67, 4.70, "Q2039348"),
        (
            "Q239",
            {"nb": "Brussel", "en": "City of Brussels", "fr": "Bruxelles"},
            "city in Belgium",
            "Q31",
            50.846,
            4.352,
            "Q515",
        ),
        ("Q25804", {"nb": "Trondheim", "en": "Trondheim"}, "city in Norway", "Q20", 63.43, 10.395, "Q515"),
    ]
    for qid, labels, about, country, latitude, longitude, kind in places:
        w.names(qid, labels, about)
        w.say(qid, "P31", item(kind))
        w.say(qid, "P17", item(country))
        w.say(qid, "P625", point(latitude, longitude))
    w.say("Q26793", "P1566", text("3161732"))
    for qid, name, code, org in (
        ("Q5245991", "Oslo", "0301", "958935420"),
        ("Q10428388", "Bergen", "4601", "964338531"),
        ("Q900", "Trondheim", "5001", "942110464"),
    ):
        w.names(qid, {"nb": f"{name} kommune", "en": f"{name} Municipality"}, "municipality of Norway")
        w.say(qid, "P31", item("Q755707"))
        w.say(qid, "P17", item("Q20"))
        w.say(qid, "P2504", text(code))
        w.say(qid, "P2333", text(org))
    w.add(WD + "Q901", "http://www.w3.org/2002/07/owl#sameAs", item("Q900"))
    w.names("Q910", {"en": "Eurocities"}, "network of cities", en=["EUROCITIES"])
    w.say("Q910", "P31", item("Q43229"))
    w.say("Q910", "P571", day("1986-01-01"), time=9)
    w.say("Q910", "P571", day("1985-01-01"), rank="Deprecated", time=9)
    w.say("Q910", "P159", item("Q239"))
    w.say("Q910", "P856", "<https://eurocities.eu/>")
    w.say("Q910", "P2124", number("200"), quals=[("P585", day("2023-05-01"))])
    w.say("Q910", "P2124", number("140"), quals=[("P585", day("2020-11-05"))])
    w.names("Q911", {"en": "METREX"}, "network of metropolitan regions")
    w.say("Q911", "P31", item("Q43229"))
    w.say("Q911", "P571", day("1990-01-01"), time=8)
    w.say("Q5245991", "P463", item("Q910"), quals=[("P585", day("2020-11-05"))])
    w.say("Q10428388", "P463", item("Q911"))
    w.names("Q106747", {"nb": "Burkhard Jung", "en": "Burkhard Jung"}, "German politician")
    w.say("Q106747", "P31", item("Q5"))
    # The item on which everybody may try things out.
    w.names("Q4115189", {"en": "Wikidata Sandbox"}, "item to try things out")
    return "\n".join(w.lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("wikidata.nt").write_text(extract(), encoding="utf-8")
