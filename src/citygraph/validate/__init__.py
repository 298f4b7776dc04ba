"""What is wrong with the graph, as findings.

Read in this order:

- `shapes`: SHACL shapes to findings, their SPARQL constraints run at once;
- `prefilter`: which nodes pySHACL has to look at;
- `constraints`: the constraint components of SHACL Core as functions, for the prefilter;
- `values`: literals, dates, organisation numbers, slugs and twins;
- `checks`: check queries, facts past their time, and source anchors.
"""

from citygraph.validate.checks import bad_query, check_anchors, check_staleness, read_checks, run_checks
from citygraph.validate.shapes import check_shapes, shape_definitions
from citygraph.validate.values import check_values

__all__ = [
    "bad_query",
    "check_anchors",
    "check_shapes",
    "check_staleness",
    "check_values",
    "read_checks",
    "run_checks",
    "shape_definitions",
]
