"""Run by the Python of CKAN's own environment: what ckanext-dcat reads out of a catalogue, as JSON.

In comes a list of jobs as JSON: the `path`, its `format` as rdflib calls it, the portal's `language`, and the
`profiles` of ckanext-dcat. With `site`, the address at which the folder of the catalogue's folder lies, the pages are
followed as the harvester does, and each dataset says on which `page` it stands. With the profile `euro_dcat_ap_scheming` the fields are those of ckanext-dcat's own multilingual schema. Its presets
come from ckanext-fluent, whose only release on PyPI is of Python 2; what the parser asks of them is their names.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from ckan.common import config
from ckanext.dcat.processors import RDFParser
from ckanext.dcat.profiles import base

_LANGUAGES = ["nb", "en"]


def _multilingual_schema() -> dict[str, Any]:
    text = files("ckanext.dcat.schemas").joinpath("dcat_ap_multilingual.yaml").read_text(encoding="utf-8")
    schema: dict[str, Any] = yaml.safe_load(text)
    schema["form_languages"] = _LANGUAGES
    for field in [*schema["dataset_fields"], *schema["resource_fields"]]:
        for each in [field, *field.get("repeating_subfields", [])]:
            preset = each.get("preset", "")
            if preset.startswith("fluent_"):
                each["validators"] = "fluent_tags" if preset == "fluent_tags" else "fluent_text"
    return schema


def _datasets(job: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    config["ckan.locale_default"] = job["language"]
    multilingual = "euro_dcat_ap_scheming" in job["profiles"]
    base.get_action = lambda _name: lambda _context, _data: schema if multilingual else None
    if "site" not in job:
        return list(_parsed(Path(job["path"]), job).datasets())
    found = []
    page: Path | None = Path(job["path"])
    while page is not None:
        parser = _parsed(page, job)
        found += [{**each, "page": page.name} for each in parser.datasets()]
        following = parser.next_page()
        page = Path(job["path"]).parents[1] / following.removeprefix(job["site"]) if following else None
    return found


def _parsed(path: Path, job: dict[str, Any]) -> RDFParser:
    parser = RDFParser(profiles=job["profiles"])
    parser.parse(path.read_text(encoding="utf-8"), _format=job["format"])
    return parser


def main() -> None:
    """Print the datasets of each catalogue."""
    config["ckan.site_url"] = "https://portal.example.org"
    schema = _multilingual_schema()
    print(json.dumps([_datasets(job, schema) for job in json.load(sys.stdin)], ensure_ascii=False))  # noqa: T201


if __name__ == "__main__":
    main()
