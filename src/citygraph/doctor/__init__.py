"""Doctor: what a SPARQL server can do, found out by asking it.

Read in this order:

- `run`: one examination, every probe in its order;
- `probes`: the probes (`probes.toml`), and how those that are data are tried; `special`: the others;
- `server`: the server under examination, its addresses and our graphs there;
- `report`: what was found, in words.
"""

from citygraph.doctor.probes import Outcome, Probe, Verdict, read_probes
from citygraph.doctor.report import advice, report_lines
from citygraph.doctor.run import Examination, Options, examine

__all__ = ["Examination", "Options", "Outcome", "Probe", "Verdict", "advice", "examine", "read_probes", "report_lines"]
