"""Every request of a build goes wrong once, in every way: nothing is lost, and the version before stays served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from citygraph.errors import CitygraphError
from fault_injector import Fault, FaultInjector, fault_injector
from remote.conftest import everything, held_on, sealed
from sparql_servers import SparqlServer

FAULTS: dict[str, Callable[..., Fault]] = {
    "cut answer": lambda **more: Fault(cut_answer=5, **more),
    "cut request": lambda **more: Fault(cut_request=20, **more),
    "delay": lambda **more: Fault(delay=0.05, **more),
    "429": lambda **more: Fault(status=429, retry_after="0", **more),
    "500": lambda **more: Fault(status=500, **more),
    "503": lambda **more: Fault(status=503, **more),
    "reset": lambda **more: Fault(reset=True, **more),
    "lost answer": lambda **more: Fault(lose_answer=True, **more),
}
ONTOLOGY = """
@prefix : <urn:x:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
:memberOf rdfs:subPropertyOf :participatesIn ; owl:inverseOf :hasMember . :near a owl:TransitiveProperty .
:oslo :memberOf :eurocities . :oslo :near :drammen . :drammen :near :kongsberg . :kongsberg :near :notodden .
"""


def requests_of(work: Callable[[], object], faults: FaultInjector) -> int:
    """How many requests the work makes when nothing goes wrong."""
    before = len(faults.asked)
    work()
    return len(faults.asked) - before


@pytest.mark.parametrize("name", FAULTS)
def test_whichever_request_of_a_build_fails_once_the_build_succeeds(
    name: str, oxigraph: SparqlServer, tmp_path: Path
) -> None:
    snapshot = sealed(tmp_path, "new", things=6)
    with fault_injector(oxigraph.query) as faults:
        held = held_on(oxigraph, through=faults)

        def build() -> None:
            held.ready()
            held.use(snapshot, fresh=True)
            held.prune(1)

        held.use(sealed(tmp_path, "first"))
        build()
        number = requests_of(build, faults)
        assert number > 15
        for place in range(number):
            faults.will(FAULTS[name](skip=place, times=1))
            build()
            assert faults.faults[0].done == 1, place
            faults.will()
            current = held.current()
            assert current is not None
            assert everything(current) == everything(snapshot), place


@pytest.mark.parametrize("name", ["cut answer", "429", "500", "reset", "lost answer"])
def test_from_whichever_request_on_the_server_fails_the_version_before_stays_served(
    name: str, oxigraph: SparqlServer, tmp_path: Path
) -> None:
    old, new = sealed(tmp_path, "old"), sealed(tmp_path, "new", things=7)
    with fault_injector(oxigraph.query) as faults:
        beside, held = held_on(oxigraph), held_on(oxigraph, through=faults)
        first = beside.use(old, fresh=True)
        wanted, also = everything(old), everything(new)
        number = requests_of(lambda: held.use(new, fresh=True), faults)
        for place in range(number):
            beside.versions.use(first.load_id)
            faults.will(FAULTS[name](skip=place))
            with pytest.raises(CitygraphError) as error:
                held.use(new, fresh=True)
            assert error.value.fix
            current = beside.current()
            assert current is not None
            # When only the last answers are lost the switch may have happened: then the new one is served, whole.
            is_switched = current.load_id != first.load_id
            assert not is_switched or place >= number - 4
            assert everything(current) == (also if is_switched else wanted), place
            faults.will()
