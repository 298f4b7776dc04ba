"""The headers that every answer of the site carries: nothing runs, loads or frames but what is our own."""

from __future__ import annotations

from typing import Final

__all__ = ["SECURITY", "add_security", "static_policy", "wire"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: Final = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), browsing-topics=()"),
]


def static_policy(*script_sources: str) -> str:
    """The same policy for a page that is a file, where it stands in the page itself.

    What a `meta` element cannot say (frame-ancestors) is left out; a worker may run, for the query engine.
    """
    scripts = " ".join(("'self'", *script_sources))
    return (
        f"default-src 'none'; script-src {scripts}; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'"
    )


_SECURITY_WIRE: Final = b"".join(b"%s: %s\r\n" % pair for pair in SECURITY)


def wire(headers: list[tuple[bytes, bytes]], status: bytes = b"200 OK") -> bytes:
    """The head of an answer as it goes over the wire, all but the date and the empty line.

    None of these values comes from a request, so none needs to be looked at again.
    """
    return b"HTTP/1.1 %s\r\n" % status + b"".join(b"%s: %s\r\n" % pair for pair in headers) + _SECURITY_WIRE


def add_security(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those above, where it does not set its own."""
    own = {name.lower() for name, _ in headers}
    return headers + [pair for pair in SECURITY if pair[0] not in own]
