"""Project: opens a folder and offers every verb as a method. The Python API; the one place that knows the order.

The methods stand in modules of their own, each one step up: the folder, building it, asking it,
comparing it, writing it out, publishing it, linking it, moving its versions, taking lists in.
"""

from citygraph.project.building import Build, Checked, Memory
from citygraph.project.folder import Progress, reference_folder
from citygraph.project.ingesting import Ingested, Ingesting
from citygraph.project.writing import Which

__all__ = ["Build", "Checked", "Ingested", "Memory", "Progress", "Project", "Which", "reference_folder"]


class Project(Ingesting):
    """One folder with graph.toml, ontology/, data/ and queries/, and every verb as a method."""
