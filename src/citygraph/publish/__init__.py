"""The folder an open data portal harvests: the data in every format, and the record that describes them.

Read in this order:

- `catalog`: what is described, made from graph.toml and the files;
- `identity`: what portals know a dataset by, and what a run would do to those that they know;
- `record`: the same as DCAT-AP, in the three profiles;
- `edition`: what may leave, and the search for what must not;
- `folder`: files written beside their place, and put in place; `files`, `pages`: what some of them hold;
- `write`: the whole of one published folder; begin here;
- `paging`: the catalogue in pages; `shacl`, `quality`, `check`: what a portal would say of it;
- `ckan`, `ckan_package`: pushed to a CKAN portal.
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
from citygraph.publish.quality import DIMENSIONS, HIGHEST, Score
from citygraph.publish.record import PROFILES, write_record
from citygraph.publish.shacl import read_shapes, run_shapes
from citygraph.publish.write import Placement, Published, QuestionAnswer, Tools, publish_edition

__all__ = [
    "DIMENSIONS",
    "HIGHEST",
    "PROFILES",
    "Catalog",
    "Edition",
    "LinkCheck",
    "NewFolder",
    "Placement",
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
