"""DCAT-AP-NO 2: what data.norge.no reads today."""

from __future__ import annotations

from typing import Final

from citygraph.publish.record import Profile
from citygraph.publish.vocabulary import IANA

__all__ = ["DCAT_AP_NO_2"]

_STATUS: Final = {
    "COMPLETED": "Completed",
    "DEPRECATED": "Deprecated",
    "DEVELOP": "UnderDevelopment",
    "WITHDRAWN": "Withdrawn",
}


def _adms_status(code: str) -> str:
    """The status of a distribution in the table of ADMS."""
    return f"http://purl.org/adms/status/{_STATUS.get(code, code)}" if code else ""


DCAT_AP_NO_2: Final = Profile(
    name="dcat-ap-no-2",
    title="DCAT-AP-NO 2",
    media_types=IANA,
    byte_size="xsd:decimal",
    version="owl:versionInfo",
    status=_adms_status,
    theme_taxonomy="http://eurovoc.europa.eu/100141",
    catalog_identifier=True,
    records=True,
    service_identifier=True,
)
