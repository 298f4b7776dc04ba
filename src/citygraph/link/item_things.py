"""Items of Wikidata as things that can be compared with ours."""

from __future__ import annotations

from typing import Final

from citygraph.link.items import Item
from citygraph.matching.names import country_code
from citygraph.matching.things import CODE_PROPERTIES, Name, Thing, plain_code

__all__ = ["thing_of_item"]

# Items that say what an item is (P31). A municipality of Norway or Sweden is the authority; elsewhere the
# same item stands for the place as well.
_ITEM_KINDS: Final = {
    "city": (
        "Q515", "Q1549591", "Q486972", "Q3957", "Q532", "Q5119", "Q1637706", "Q200250", "Q1093829", "Q208511",
        "Q7930989", "Q15253706", "Q2264924", "Q902814", "Q1907114", "Q42744322", "Q174844", "Q133442", "Q515716",
    ),
    "authority": ("Q755707", "Q127448", "Q327333", "Q15911738", "Q837766", "Q192299", "Q3685462", "Q18663566"),
    "city authority": (
        "Q15284", "Q484170", "Q747074", "Q262166", "Q2039348", "Q493522", "Q2074737", "Q22865", "Q2989398",
        "Q1906268", "Q856076", "Q70208", "Q667509", "Q13217644", "Q3184121", "Q640364", "Q1131296",
    ),
    "region": ("Q82794", "Q10864048", "Q13220204", "Q36784", "Q16110", "Q200547", "Q1221156", "Q5390013", "Q1907114"),
    "country": ("Q6256", "Q3624078", "Q7270", "Q3336843"),
    "person": ("Q5",),
    "network": ("Q43229", "Q484652", "Q163740", "Q79913", "Q4120211", "Q15925165", "Q48204", "Q1391145", "Q1393724"),
}  # fmt: skip
_KINDS_OF_ITEM: Final = {item: frozenset(kinds.split()) for kinds, items in _ITEM_KINDS.items() for item in items}


def thing_of_item(item: Item) -> Thing:
    """An item of Wikidata as a thing."""
    names = [Name(text, language) for language, text in item.labels.items()]
    names += [Name(text, language, main=False) for language, texts in item.aliases.items() for text in texts]
    kinds: frozenset[str] = frozenset().union(*(_KINDS_OF_ITEM.get(each, frozenset()) for each in item.values("P31")))
    codes = {(key, plain_code(text)) for key in CODE_PROPERTIES.values() for text in item.values(key)}
    countries = {country_code(each) for each in item.values("P17")}
    if "country" in kinds:
        countries |= {country_code(item.id), *(country_code(each) for each in item.values("P297"))}
    return Thing(
        id=item.id,
        names=tuple(dict.fromkeys(names)),
        kinds=kinds,
        countries=frozenset(countries - {""}),
        point=next((point for each in item.values("P625") if (point := _coordinates(each)) is not None), None),
        codes=frozenset(codes),
        description=item.descriptions.get("en") or next(iter(item.descriptions.values()), ""),
    )


def _coordinates(text: str) -> tuple[float, float] | None:
    latitude, slash, longitude = text.partition("/")
    try:
        return (float(latitude), float(longitude)) if slash else None
    except ValueError:
        return None
