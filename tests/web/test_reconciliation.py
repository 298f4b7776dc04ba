"""The reconciliation service, both versions: every answer against its schema, hostile batches, quality of matches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from starlette.applications import Starlette

from citygraph import Project
from citygraph.errors import ConfigError
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.reconcile.service import routes
from citygraph.web.reconcile.targets import places_of
from conftest import TODAY, copy_project

Check = Callable[[str, str, object], None]
_AUTHENTICATION = {
    "definitions": {
        "securityDefinitions": {
            "additionalProperties": {
                "properties": {"type": {"enum": ["basic", "apiKey", "oauth2"]}},
                "required": ["type"],
            }
        }
    }
}
PLACES = """id,name,aliases,country,latitude,longitude,type,population
bergen-nl,Bergen,,NL,52.67,4.70,city
mons,Mons,Bergen,BE,50.45,3.95,city
munster-de,Münster,,DE,51.96,7.62,city
kobenhavn,København,,DK,55.68,12.57,city
newcastle,Newcastle upon Tyne,,GB,54.97,-1.61,city
nice,Nice Côte d’Azur,,FR,43.7,7.26,city
lyon,Lyon,,FR,45.76,4.84,city
lyon-m,Lyon Métropole,,FR,45.75,4.84,region
a-region,Kvistad,,NO,,,region,900
b-small,Kvistad,,NO,,,city,100
c-large,Kvistad,,NO,,,city,800
d-unknown,Kvistad,,NO,,,city,
"""


class Client:
    """The service without a socket."""

    def __init__(self, app: Starlette) -> None:
        self.transport = httpx.ASGITransport(app)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """One request."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://testserver") as http:
                return await http.request(method, path, **arguments)

        return asyncio.run(ask())

    def get(self, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """One GET."""
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        """One POST."""
        return self.request("POST", path, **arguments)

    def options(self, path: str) -> httpx.Response:
        """One preflight."""
        return self.request("OPTIONS", path)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Our own graph and a list of places, behind the routes of the service alone."""
    folder = copy_project(Path(__file__).parents[2], tmp_path_factory.mktemp("reconciled"))
    (folder / "places.csv").write_text(PLACES, encoding="utf-8")
    settings = folder / "graph.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[reconcile]\ntargets = "places.csv"\nbatch = 20\n', encoding="utf-8")
    project = Project.open(folder, today=TODAY)
    assert not project.build().report.violations
    app = Starlette(routes=routes)
    app.state.project, app.state.memory = project, SiteMemory()
    return Client(app)


@pytest.fixture
def valid(reference_data: Path) -> Check:
    """A check of a document against a schema of one version."""

    def check(version: str, name: str, document: object) -> None:
        folder = reference_data / "reconciliation" / version / "schemas"
        resources = [("http://swagger.io/v2/schema.json", _resource(_AUTHENTICATION))]
        for path in folder.glob("*.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            resources.append((content["$id"], _resource(content)))
            resources.append((content["$id"].rpartition("/")[0] + f"/{path.name}", _resource(content)))
        schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        registry: Registry[Any] = Registry().with_resources(resources)
        errors = [error.message for error in Draft7Validator(schema, registry=registry).iter_errors(document)]
        assert errors == []

    return check


def _resource(content: Any) -> Resource[Any]:  # noqa: ANN401
    return Resource.from_contents(content, default_specification=DRAFT7)


def match(client: Client, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    response = client.post("/reconcile", data={"queries": json.dumps({"q0": query})})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["q0"]["result"]
    return found


def test_both_manifests_are_valid(client: Client, valid: Check) -> None:
    old, new = client.get("/reconcile").json(), client.get("/reconcile/1.0").json()
    valid("0.2", "manifest", old)
    valid("1.0-draft", "manifest", new)
    assert old["identifierSpace"].endswith("/id/")
    assert "identifierSpace" not in new
    assert old["view"]["url"] == "http://testserver/id/{{id}}"


def test_matches_are_valid_in_both_versions(client: Client, valid: Check) -> None:
    queries = {
        "q0": {"query": "Oslo kommune"},
        "q1": {"query": "Bergen", "type": "cg:City", "limit": 3, "properties": [{"pid": "cg:inCountry", "v": "NO"}]},
        "q2": {"properties": [{"pid": "concept:id-orgnr", "v": "958935420"}]},
        "q3": {"query": "xyzzy"},
    }
    valid("0.2", "reconciliation-query-batch", queries)
    old = client.get("/reconcile", params={"queries": json.dumps(queries)}).json()
    valid("0.2", "reconciliation-result-batch", old)
    assert [(old[key]["result"] or [{"id": ""}])[0]["id"] for key in queries] == [
        "oslo-kommune", "place-bergen", "oslo-kommune", "",
    ]  # fmt: skip
    assert old["q0"]["result"][0]["match"]
    assert old["q1"]["result"][0]["match"]
    batch = {
        "queries": [
            {"conditions": [{"matchType": "name", "propertyValue": "Oslo kommune"}]},
            {"type": "cg:City", "conditions": [
                {"matchType": "name", "propertyValue": "Bergen", "required": True},
                {"matchType": "property", "propertyId": "cg:inCountry", "propertyValue": "NO", "required": True},
            ]},
            {"conditions": [{"matchType": "id", "propertyValue": "metrex"}]},
            {"conditions": [
                {"matchType": "property", "propertyId": "cg:inCountry", "propertyValue": ["NO"], "matchQuantifier": "none"},
                {"matchType": "name", "propertyValue": "Bergen"},
            ]},
        ]
    }  # fmt: skip
    valid("1.0-draft", "reconciliation-query-batch", batch)
    new = client.post("/reconcile/1.0/match", json=batch).json()
    valid("1.0-draft", "reconciliation-result-batch", new)
    ids = [[each["id"] for each in result["candidates"]] for result in new["results"]]
    assert (ids[0][0], ids[1][0], ids[2]) == ("oslo-kommune", "place-bergen", ["metrex"])
    assert ids[3][0] != "place-bergen"


def test_the_rest_of_both_protocols_is_valid(client: Client, valid: Check) -> None:
    for version, root in (("0.2", "/reconcile"), ("1.0-draft", "/reconcile/1.0")):
        for kind, name, prefix in (
            ("entity", "entities", "Euro"),
            ("property", "properties", "i"),
            ("type", "types", ""),
        ):
            found = client.get(f"{root}/suggest/{kind}", params={"prefix": prefix}).json()
            valid(version, f"suggest-{name}-response", found)
            assert found["result"]
        proposal = "/properties" if version == "0.2" else "/extend/propose"
        proposed = client.get(root + proposal, params={"type": "cg:CityNetwork", "limit": 30}).json()
        valid(version, "data-extension-property-proposal", proposed)
        ids = [each["id"] for each in proposed["properties"]]
        assert "foaf:homepage" in ids
        extension = {"ids": ["eurocities", "nobody"], "properties": [{"id": each} for each in ids]}
        valid(version, "data-extension-query", extension)
        if version == "0.2":
            values = client.post("/reconcile", data={"extend": json.dumps(extension)}).json()
            assert values["rows"]["eurocities"]["schema:foundingDate"] == [{"str": "1986"}]
            assert set(values["rows"]["nobody"]) == set(ids)
        else:
            values = client.post("/reconcile/1.0/extend", json=extension).json()
            assert [row["id"] for row in values["rows"]] == ["eurocities", "nobody"]
        valid(version, "data-extension-response", values)
        page = client.get(f"{root}/preview", params={"id": "eurocities"})
        assert page.headers["content-type"].startswith("text/html")
        assert "Eurocities" in page.text
    everything = {"ids": ["oslo-kommune", "place-oslo"], "properties": [
        {"id": each} for each in ("memberships", "coordinates", "schema:sameAs", "cg:inCountry", "concept:id-orgnr")
    ]}  # fmt: skip
    rows = client.post("/reconcile", data={"extend": json.dumps(everything)}).json()["rows"]
    assert rows["oslo-kommune"]["concept:id-orgnr"] == [{"str": "958935420"}]
    assert rows["place-oslo"]["cg:inCountry"] == [{"id": "nor", "name": "Norway"}]
    assert any("Eurocities" in cell["str"] for cell in rows["oslo-kommune"]["memberships"])


def test_a_flyout_is_a_piece_of_html(client: Client) -> None:
    for kind, id_ in (("entity", "eurocities"), ("type", "cg:City"), ("property", "cg:inCountry")):
        found = client.get(f"/reconcile/flyout/{kind}", params={"id": id_}).json()
        assert (found["id"], found["html"][:3]) == (id_, "<p>")
        assert client.get(f"/reconcile/flyout/{kind}", params={"id": "<x>"}).status_code == 404


def test_every_endpoint_may_be_asked_from_other_sites(client: Client) -> None:
    for route in routes:
        path = route.path.replace("{kind}", "entity")  # type: ignore[attr-defined]
        asked = client.options(path)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*"), path
        refused = client.get(path, params={"queries": "nonsense"})
        if refused.status_code != 405:
            assert refused.headers["access-control-allow-origin"] == "*", path


BAD = [
    "", "null", "[]", "{", "1", '"text"', '{"q0": 1}', '{"q0": {}}', '{"q0": {"query": 1}}', '{"q0": {"query": "a", "x": 1}}',
    '{"q0": {"properties": []}}', '{"q0": {"query": "a", "limit": true}}', '{"q0": {"query": "a", "limit": NaN}}',
    '{"q0": {"query": "a", "limit": 0}}', '{"q0": {"query": "a", "type": {}}}', '{"q0": {"query": "a", "type_strict": "x"}}',
    '{"q0": {"query": "a", "properties": {}}}', '{"q0": {"query": "a", "properties": [{"pid": "x"}]}}',
    '{"q0": {"query": "a", "properties": [{"pid": 1, "v": 2}]}}', '{"q0": {"query": "a", "properties": [{"pid": "x", "v": null}]}}',
    '{"q0": {"query": "a", "properties": [{"pid": "x", "v": {"name": "a"}}]}}',
    "[" * 100_000, '{"q0": ' * 2000 + "1" + "}" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("batch", BAD, ids=range(len(BAD)))
def test_a_hostile_batch_is_refused_and_the_next_one_answered(client: Client, batch: str) -> None:
    refused = client.post("/reconcile", data={"queries": batch})
    assert refused.status_code in {400, 413}, refused.text
    assert refused.json()["ok"] is False
    assert client.post("/reconcile/1.0/match", content=batch.encode()).status_code in {400, 413}
    assert client.post("/reconcile", data={"extend": batch}).status_code in {400, 413}
    assert match(client, query="Eurocities")[0]["match"]


@pytest.mark.parametrize(
    "condition",
    [
        {}, {"matchType": "name"}, {"matchType": "x", "propertyValue": "a"}, {"matchType": "property", "propertyValue": "a"},
        {"matchType": "name", "propertyValue": "a", "matchQuantifier": "some"},
        {"matchType": "name", "propertyValue": "a", "required": 1}, {"matchType": "name", "propertyValue": ["a"] * 60},
        {"matchType": "name", "propertyValue": None},
    ],
)  # fmt: skip
def test_a_bad_condition_is_refused(client: Client, condition: dict[str, Any]) -> None:
    response = client.post("/reconcile/1.0/match", json={"queries": [{"conditions": [condition]}]})
    assert response.status_code == 400


def test_requests_that_ask_for_nothing_are_refused(client: Client) -> None:
    assert client.post("/reconcile").status_code == 400
    assert client.get("/reconcile/suggest/entity").status_code == 400
    assert client.get("/reconcile/suggest/entity", params={"prefix": "a", "limit": "-1"}).status_code == 400
    assert client.get("/reconcile/suggest/other", params={"prefix": "a"}).status_code == 404
    assert client.get("/reconcile/preview", params={"id": "nobody"}).status_code == 404
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/reconcile", content=b"queries=%ff%fe", headers=form).status_code == 400
    unknown = json.dumps({"ids": ["eurocities"], "properties": [{"id": "no:such"}]})
    assert client.post("/reconcile", data={"extend": unknown}).status_code == 400


def test_a_batch_that_is_too_large_is_refused_with_413(client: Client) -> None:
    queries = {f"q{number}": {"query": "Oslo"} for number in range(21)}
    assert client.post("/reconcile", data={"queries": json.dumps(queries)}).status_code == 413
    draft = {"queries": [{"conditions": [{"matchType": "name", "propertyValue": "Oslo"}]}] * 21}
    assert client.post("/reconcile/1.0/match", json=draft).status_code == 413
    assert client.post("/reconcile", data={"queries": "x" * 3_000_000}).status_code == 413


@pytest.mark.parametrize(
    "long",
    [
        {"query": "a" * 501}, {"query": "Oslo", "properties": [{"pid": "cg:inCountry", "v": "a" * 501}]},
    ],
)  # fmt: skip
def test_a_long_cell_spoils_no_other_query_of_its_batch(client: Client, valid: Check, long: dict[str, Any]) -> None:
    batch = {"q0": long, "q1": {"query": "Eurocities"}}
    answer = client.post("/reconcile", data={"queries": json.dumps(batch)}, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    found = answer.json()
    valid("0.2", "reconciliation-result-batch", found)
    assert found["q0"]["result"] == []
    assert "more than 500 characters" in found["q0"]["error"]
    assert found["q1"] == {"result": match(client, query="Eurocities")}


def test_a_long_cell_spoils_no_other_query_of_the_draft(client: Client, valid: Check) -> None:
    queries = [{"conditions": [{"matchType": "name", "propertyValue": text}]} for text in ("a" * 501, "Eurocities")]
    found = client.post("/reconcile/1.0/match", json={"queries": queries}).json()
    valid("1.0-draft", "reconciliation-result-batch", found)
    assert found["results"][0]["candidates"] == []
    assert found["results"][0]["error"]
    assert found["results"][1]["candidates"][0]["match"]


def test_each_query_is_answered_by_itself(client: Client) -> None:
    names = ["Oslo", "Bergen", "Copenhagen", "Malmø", "xyzzy", "Stavanger kommune", "METREX"]
    batch = {f"q{number}": {"query": name} for number, name in enumerate(names)}
    together = client.post("/reconcile", data={"queries": json.dumps(batch)}).json()
    for number, name in enumerate(names):
        assert together[f"q{number}"]["result"] == match(client, query=name)


@pytest.mark.parametrize("id_", ["eurocities", "place-oslo", "id:place-oslo", "Q585", "wd:Q585"])
def test_an_id_as_query_gives_that_entity(client: Client, id_: str) -> None:
    found = match(client, query=id_)[0]
    assert (found["id"], found["match"]) == ("eurocities" if id_ == "eurocities" else "place-oslo", True)


def test_place_and_authority_are_two_candidates(client: Client) -> None:
    ids = [each["id"] for each in match(client, query="Oslo")]
    assert ids[:2] == ["place-oslo", "oslo-kommune"]
    assert match(client, query="Oslo", type="cv:PublicOrganisation")[0]["id"] == "oslo-kommune"
    assert match(client, query="City of Oslo")[0]["id"] == "oslo-kommune"
    strict = match(client, query="Oslo", type=["cg:City"], type_strict="all")
    assert {tuple(kind["id"] for kind in each["type"]) for each in strict} == {("cg:City",)}


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Copenhagen", "kobenhavn"), ("Kopenhagen", "kobenhavn"), ("Kobenhavn", "kobenhavn"), ("Københvan", "kobenhavn"),
        ("Muenster", "munster-de"), ("Nice Côte d'Azur", "nice"), ("NICE CÔTE D’AZUR", "nice"), ("Bryssel", "place-brussels"),
        ("Lyon Métropole", "lyon-m"), ("Lyon", "lyon"), ("Newcastle", "newcastle"), ("Ville de Lyon", "lyon"),
        ("Bergen, Belgium", "mons"), ("Bergen (Norway)", "place-bergen"), ("Bergen (Nederland)", "bergen-nl"),
    ],
)  # fmt: skip
def test_a_name_leads_to_its_place(client: Client, name: str, id_: str) -> None:
    assert match(client, query=name, type="cg:City")[0]["id"] == id_ or match(client, query=name)[0]["id"] == id_


@pytest.mark.parametrize(
    "name", ["Bergen", "Munster", "Newcastle", "Newcastle-Gateshead", "Oslo Lufthavn", "Bergenhus", "Lyo"]
)
def test_a_name_that_may_be_another_decides_nothing(client: Client, name: str) -> None:
    assert not any(each["match"] for each in match(client, query=name, type="cg:City"))


def test_among_equals_the_city_comes_first_and_then_the_larger_and_none_is_sure(client: Client) -> None:
    found = match(client, query="Kvistad")
    assert [each["id"] for each in found[:4]] == ["c-large", "b-small", "d-unknown", "a-region"]
    assert not any(each["match"] for each in found)


@pytest.mark.parametrize("name", ["Lyon Métropole", "Nice Côte d'Azur", "Oslo kommune", "Eurocities", "Copenhagen"])
def test_a_right_country_never_undoes_a_match(client: Client, name: str) -> None:
    bare = match(client, query=name)[0]
    country = {"oslo-kommune": "Norway", "eurocities": "Belgium", "kobenhavn": "Danmark"}.get(bare["id"], "Frankrike")
    again = match(client, query=name, properties=[{"pid": "cg:inCountry", "v": country}])[0]
    assert (again["id"], again["match"]) == (bare["id"], bare["match"])


def test_features_say_why(client: Client) -> None:
    properties = [{"pid": "cg:inCountry", "v": "Norway"}, {"pid": "coordinates", "v": "60.39,5.32"}]
    found = match(client, query="Bergen", type="cg:City", properties=properties)
    features = {each["id"]: each["value"] for each in found[0]["features"]}
    assert (found[0]["id"], found[0]["match"]) == ("place-bergen", True)
    assert features == {"name": 100.0, "country": True, "coordinates": 100.0, "type": True}
    assert found[0]["score"] >= found[1]["score"] + 10


def test_names_follow_the_language_of_the_reader(client: Client) -> None:
    asked = {"queries": json.dumps({"q0": {"query": "country-of-no-name", "properties": []}, "q1": {"query": "nor"}})}
    names = [
        client.post("/reconcile", data=asked, headers={"Accept-Language": language}).json()["q1"]["result"][0]["name"]
        for language in ("nb", "en")
    ]
    assert names == ["Norge", "Norway"]


# -- the list of places --------------------------------------------------------------------------------------

_EXCEL: Final = "sep=;\r\nID;Name;Latitude;Longitude\r\nx-1;Tromsø;69,65;18,96\r\n;;;\r\n"


@pytest.mark.parametrize(
    "data",
    [
        _EXCEL.encode("cp1252"),
        _EXCEL.encode("utf-8-sig"),
        _EXCEL.replace(";", "\t").removeprefix("sep=\t\r\n").encode("utf-16"),
        "id,name,latitude,longitude\nx-1,Tromsø,69.65,18.96\n".encode(),
    ],
    ids=["windows", "utf-8 with a mark", "utf-16 with tabs", "plain"],
)
def test_a_list_of_places_is_read_as_a_spreadsheet_saved_it(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_bytes(data)
    (place,) = places_of(tmp_path / "places.csv", "places.csv")
    assert (place.id, place.names[0].text, place.point) == ("x-1", "Tromsø", (69.65, 18.96))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1: the column id is missing"),
        (b"PK\x03\x04" + bytes(99), "line 1: the column id is missing"),
        (b"id;namn\n1;x\n", "line 1: the column name is missing"),
        (b"id,name\n1,x\n1,y\n", "line 3: id and name must be there"),
        (b'id,name\n1,"x\n2,y\n', "line 3: a quotation mark is not closed"),
        (b"id,name\n\0,x\n", "line 2: a quotation mark is not closed, or there is a character"),
        (b'id,name\n1,"' + b"x" * 200_000 + b'"\n', "line 2"),
        (b"id,name,type\n1,x,by\n", "line 2: type is one of authority, city"),
        (b"id,name,latitude,longitude\n1,x,nan,5\n", "line 2: latitude and longitude are numbers"),
        (b"id,name,latitude,longitude\n1,x,591,5\n", "line 2: latitude and longitude are numbers"),
        ("id,name".encode("utf-16")[:-1], "cannot be read as utf-16: byte"),
    ],
)
def test_a_list_of_places_that_cannot_be_read_is_named_with_the_line(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        places_of(tmp_path / "places.csv", "places.csv")
    assert "The list of places places.csv cannot be read: " in caught.value.message
    assert says in caught.value.message
    assert "codec" not in caught.value.message
