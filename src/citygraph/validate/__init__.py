"""What is wrong with the graph, as findings.

Read in this order:

- `shapes`: SHACL shapes to findings, and which nodes pySHACL has to look at;
- `constraints`: the constraint components of SHACL Core as functions, which say so;
- `sparql_constraints`: constraints that are queries, each asked once;
- `checks`: literals, dates, numbers, slugs and twins; check queries, facts past their time, and source anchors;
- `rules`: what the shapes ask of single properties, read as data;
- `things`: what the project has to offer in place of something wrong;
- `meaning`: kinds of things at both ends of a property;
- `terms`: words and names that nobody knows;
- `once`: one mistake, one finding, said of the case;
- `settle`: which of all these stand: what holds at the same time, and what is answered "meant so".
"""

from citygraph.validate.checks import (
    bad_query,
    check_anchors,
    check_staleness,
    check_values,
    names_graphs,
    read_checks,
    run_checks,
)
from citygraph.validate.meaning import check_meaning
from citygraph.validate.once import say_once
from citygraph.validate.settle import settle
from citygraph.validate.shapes import check_shapes, shape_definitions
from citygraph.validate.terms import check_terms_used

__all__ = [
    "bad_query",
    "check_anchors",
    "check_meaning",
    "check_shapes",
    "check_staleness",
    "check_terms_used",
    "check_values",
    "names_graphs",
    "read_checks",
    "run_checks",
    "say_once",
    "settle",
    "shape_definitions",
]
