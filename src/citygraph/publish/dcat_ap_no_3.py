"""DCAT-AP-NO 3: what data.norge.no is going to read."""

from __future__ import annotations

from typing import Final

from citygraph.publish.record import Profile, eua_status
from citygraph.publish.vocabulary import EUA, W3C_IANA

__all__ = ["DCAT_AP_NO_3"]

DCAT_AP_NO_3: Final = Profile(
    name="dcat-ap-no-3",
    title="DCAT-AP-NO 3",
    # The beta shapes want this namespace, and by a slip application/ only; text/turtle is what the file is.
    media_types=W3C_IANA,
    byte_size="xsd:nonNegativeInteger",
    version="dcat:version",
    status=eua_status,
    theme_taxonomy=f"{EUA}data-theme",
    catalog_identifier=True,
    records=True,
    service_availability=True,
    generated_by="https://data.norge.no/vocabulary/provenance-activity-type#collecting-from-third-party",
)
