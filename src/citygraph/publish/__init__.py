"""The folder an open data portal harvests: the data in every format, and the record that describes them."""

from __future__ import annotations

from citygraph.publish.catalog import Catalog
from citygraph.publish.check import check_foreign_shapes, check_profile, score_of
from citygraph.publish.ckan import Pushed, ckan_client, push_to_ckan
from citygraph.publish.ckan_package import package_of
from citygraph.publish.description import catalog_of
from citygraph.publish.edition import Edition, period_of, split
from citygraph.publish.folder import NewFolder
from citygraph.publish.harvest import check_harvest
from citygraph.publish.links import Links
from citygraph.publish.metrics import DIMENSIONS, HIGHEST
from citygraph.publish.profiles import PROFILES
from citygraph.publish.quality import Score
from citygraph.publish.record import write_record
from citygraph.publish.records import check_catalog
from citygraph.publish.shacl import read_shapes, run_shapes
from citygraph.publish.void import void_triples
from citygraph.publish.write import Published, publish_edition
from citygraph.publish.writing import Asked, Tools

__all__ = [
    "DIMENSIONS",
    "HIGHEST",
    "PROFILES",
    "Asked",
    "Catalog",
    "Edition",
    "Links",
    "NewFolder",
    "Published",
    "Pushed",
    "Score",
    "Tools",
    "catalog_of",
    "check_catalog",
    "check_foreign_shapes",
    "check_harvest",
    "check_profile",
    "ckan_client",
    "package_of",
    "period_of",
    "publish_edition",
    "push_to_ckan",
    "read_shapes",
    "run_shapes",
    "score_of",
    "split",
    "void_triples",
    "write_record",
]
