"""The published profiles by name, the European one first; they contradict each other in places.

DCAT-AP 3.0.1 is what data.europa.eu and CKAN read, DCAT-AP-NO 2 what data.norge.no reads today, and DCAT-AP-NO 3
what data.norge.no is going to read.
"""

from __future__ import annotations

import re
from typing import Final

from citygraph.publish.record import Profile, eua_status
from citygraph.publish.vocabulary import EUA, IANA, W3C_IANA

__all__ = ["DCAT_AP_3", "PROFILES", "profile_of_page"]

DCAT_AP_3: Final = Profile(
    name="dcat-ap-3",
    title="DCAT-AP 3.0.1",
    media_types=IANA,
    byte_size="xsd:nonNegativeInteger",
    version="dcat:version",
    status=eua_status,
    theme_taxonomy=f"{EUA}data-theme",
    # ckanext-dcat 2.4.4 answers 500 when a distribution's access service has a contact point; the profile does not ask
    # for the link, and the services name the dataset that they serve.
    access_service=False,
    # Themes of LOS are Norwegian; the European table is the only one that European portals know.
    los=False,
    # The profile has dct:source for this, and wants what it points to on the same page; these two may leave the page.
    derived_from=("dct:relation", "prov:wasDerivedFrom"),
    # CKAN follows the links from page to page. The harvester of data.norge.no reads one file, and takes a dataset that
    # is not in it for removed, so the Norwegian profiles have one page whatever the size.
    paged=True,
)


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


PROFILES: Final[dict[str, Profile]] = {each.name: each for each in (DCAT_AP_3, DCAT_AP_NO_3, DCAT_AP_NO_2)}


def profile_of_page(stem: str) -> str:
    """The profile of a page that is not the first, by the name of its file without the ending; else nothing."""
    name = re.sub(r"-[1-9]\d*\Z", "", stem)
    return name if stem not in PROFILES and name in PROFILES else ""
