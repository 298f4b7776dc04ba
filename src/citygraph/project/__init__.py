"""Project, the Python API: the one place that knows the order of the verbs.

Read in this order: `project` (every verb as a method), `stages` (what the stages of a check share), `pipeline` (check,
build, other days), `editions` (what may leave of a graph), `publishing` (the same written for portals), `asking` (what a question needs beside the graph, comparing),
`editing` (edits of facts, checked before they are written), `reading` (a document is read once, kept and registered),
`proposing` (proposals of a document, decided by a person), `new_things` (what an accepted one names that is new), `revising`
(a new edition of a document), `withholding` (where a withheld name still lies).
"""

from citygraph.project.pipeline import Build, Memory, Pipeline, reference_folder
from citygraph.project.project import Project, Which
from citygraph.project.stages import Checked, Progress

__all__ = ["Build", "Checked", "Memory", "Pipeline", "Progress", "Project", "Which", "reference_folder"]
