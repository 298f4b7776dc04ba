"""The profiles by name, the European one first."""

from __future__ import annotations

from typing import Final

from citygraph.publish.dcat_ap_3 import DCAT_AP_3
from citygraph.publish.dcat_ap_no_2 import DCAT_AP_NO_2
from citygraph.publish.dcat_ap_no_3 import DCAT_AP_NO_3
from citygraph.publish.record import Profile

__all__ = ["PROFILES"]

PROFILES: Final[dict[str, Profile]] = {each.name: each for each in (DCAT_AP_3, DCAT_AP_NO_3, DCAT_AP_NO_2)}
