"""Whether addresses answer: for the points that need the network, and for dead links."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from citygraph.findings import Finding, finding

__all__ = ["Links"]

Status = Callable[[str], str]
_SECONDS: Final = 10


class Links:
    """Addresses tried once each; what did not answer is remembered as findings."""

    def __init__(self, status: Status | None = None) -> None:
        """Nothing has been tried.

        Args:
            status: why an address does not answer with 200–299, or an empty text; tests give their own.
        """
        self._status = status or _why_not
        self._tried: dict[str, str] = {}

    def answers(self, address: str) -> bool:
        """Whether the address answers with 200–299."""
        if address not in self._tried:
            self._tried[address] = self._status(address)
        return not self._tried[address]

    @property
    def findings(self) -> list[Finding]:
        """The addresses that did not answer, with the reason."""
        return [
            finding("publish-dead-link", value=address, address=address, reason=reason)
            for address, reason in self._tried.items()
            if reason
        ]


def _why_not(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return "it is no address on the web"
    request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "citygraph"})  # noqa: S310  # checked above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    fine = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return "" if fine else f"HTTP {status}"
