"""Every page of the site as a file: one folder that is a site on any web server, and needs none behind it.

In reading order: `write` asks for page after page and writes it, `plan` says which addresses become which files and
makes the links of the pages lead from file to file.
"""

from __future__ import annotations

from citygraph.web.site.plan import SiteLimits
from citygraph.web.site.write import write_site

__all__ = ["SiteLimits", "write_site"]
