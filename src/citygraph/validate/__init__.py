"""What is wrong with the graph: shapes, anchors, values and check queries, all as findings."""

from citygraph.validate.anchors import check_anchors
from citygraph.validate.checks import bad_query, read_checks, run_checks
from citygraph.validate.shapes import check_shapes, shape_definitions
from citygraph.validate.staleness import check_staleness
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
