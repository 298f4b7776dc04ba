"""The profiles by name, the European one first."""

from __future__ import annotations

import re
from typing import Final

from citygraph.publish.dcat_ap_3 import DCAT_AP_3
from citygraph.publish.dcat_ap_no_2 import DCAT_AP_NO_2
from citygraph.publish.dcat_ap_no_3 import DCAT_AP_NO_3
from citygraph.publish.record import Profile

__all__ = ["PROFILES", "profile_of_page"]

PROFILES: Final[dict[str, Profile]] = {each.name: each for each in (DCAT_AP_3, DCAT_AP_NO_3, DCAT_AP_NO_2)}


def profile_of_page(stem: str) -> str:
    """The profile of a page that is not the first, by the name of its file without the ending; else nothing."""
    name = re.sub(r"-[1-9]\d*\Z", "", stem)
    return name if stem not in PROFILES and name in PROFILES else ""
