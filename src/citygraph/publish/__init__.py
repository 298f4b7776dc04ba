"""The folder an open data portal harvests: the data in every format, and the record that describes them.

Read in this order: `vocabulary` (terms of the portals), `catalog` (what is described), `record` and `profiles` (as
DCAT-AP), `edition` and `leaks` (what may leave), `folder`, `files`, `pages`, `writing` and `write` (what is
written), `paging`, `shacl`, `quality` and `check` (what a portal would say), `ckan` and `ckan_package`.
"""

from __future__ import annotations

from citygraph.publish.catalog import Catalog, catalog_of
from citygraph.publish.check import (
    LinkCheck,
    check_catalog,
    check_foreign_shapes,
    check_harvest,
    check_profile,
    score_of,
)
from citygraph.publish.ckan import Pushed, ckan_client, push_to_ckan
from citygraph.publish.ckan_package import package_of
from citygraph.publish.edition import Edition, period_of, split
from citygraph.publish.folder import NewFolder
from citygraph.publish.profiles import PROFILES
from citygraph.publish.quality import DIMENSIONS, HIGHEST, Score
from citygraph.publish.record import write_record
from citygraph.publish.shacl import read_shapes, run_shapes
from citygraph.publish.write import Published, QuestionAnswer, Tools, publish_edition

__all__ = [
    "DIMENSIONS",
    "HIGHEST",
    "PROFILES",
    "Catalog",
    "Edition",
    "LinkCheck",
    "NewFolder",
    "Published",
    "Pushed",
    "QuestionAnswer",
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
    "write_record",
]
