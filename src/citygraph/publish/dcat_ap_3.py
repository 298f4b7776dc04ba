"""DCAT-AP 3.0.1, the European profile: what data.europa.eu and CKAN read."""

from __future__ import annotations

from typing import Final

from citygraph.publish.record import Profile, eua_status
from citygraph.publish.vocabulary import EUA, IANA

__all__ = ["DCAT_AP_3"]

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
