"""Every page of the site as a file: one folder that is a site on any web server, and needs none behind it."""

from __future__ import annotations

from citygraph.web.static_site.plan import Limits
from citygraph.web.static_site.writing import write_site

__all__ = ["Limits", "write_site"]
