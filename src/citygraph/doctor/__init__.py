"""Doctor: what a SPARQL server can do, found out by asking it."""

from citygraph.doctor.advice import advice
from citygraph.doctor.examine import Examination, Options, examine
from citygraph.doctor.probe import Outcome, Probe, Verdict, read_probes

__all__ = ["Examination", "Options", "Outcome", "Probe", "Verdict", "advice", "examine", "read_probes"]
