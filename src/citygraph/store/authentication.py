"""Who we are to a server that asks for it: basic, digest or a bearer token, from the environment and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from citygraph.errors import ConfigError

__all__ = ["PASSWORD", "TOKEN", "USER", "Credentials"]

USER: Final = "CITYGRAPH_ENDPOINT_USER"
PASSWORD: Final = "CITYGRAPH_ENDPOINT_PASSWORD"  # noqa: S105  # the name of a variable
TOKEN: Final = "CITYGRAPH_ENDPOINT_TOKEN"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with a password, or a token, or nothing; secrets are in no representation of it."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Credentials:
        """What `CITYGRAPH_ENDPOINT_USER` and `…_PASSWORD`, or `CITYGRAPH_ENDPOINT_TOKEN`, hold.

        Raises:
            ConfigError: both are set, one half is missing, or a token could not stand in a header.
        """
        user, password, token = (environment.get(name, "") for name in (USER, PASSWORD, TOKEN))
        if token and (user or password):
            message = f"{TOKEN} and {USER} are both set, and a server takes one of them."
            raise ConfigError(message, fix=f"Unset {TOKEN}, or {USER} and {PASSWORD}.")
        if bool(user) != bool(password):
            missing = PASSWORD if user else USER
            message = f"{missing} is not set, and a user has a password."
            raise ConfigError(message, fix=f"Set {missing} too, in the environment of this program.")
        if not (token.isascii() and token.isprintable()) or " " in token:
            message = f"{TOKEN} holds a character that no token has."
            raise ConfigError(message, fix="Copy the token once more, without spaces or line ends.")
        return cls(user, password, token)

    def __bool__(self) -> bool:
        """Whether there is anything to show to a server."""
        return bool(self.user or self.token)

    def auth(self) -> httpx.Auth | None:
        """For `auth=` of httpx, one for all requests to one server: a digest is worked out once and used again."""
        if self.token:
            return _Bearer(self.token)
        return _AsAsked(self.user, self.password) if self.user else None


class _Bearer(httpx.Auth):
    """A token in every request (RFC 6750, 2.1)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _AsAsked(httpx.Auth):
    """Basic or digest, whichever the server asks for (RFC 7617, RFC 7616); nothing before it has asked."""

    def __init__(self, user: str, password: str) -> None:
        self._digest = httpx.DigestAuth(user, password)
        self._basic = httpx.BasicAuth(user, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._chosen is not None:
            yield from self._chosen.auth_flow(request)
            return
        response = yield request
        schemes = {each.split(" ")[0].lower() for each in response.headers.get_list("www-authenticate")}
        if response.status_code != httpx.codes.UNAUTHORIZED or not schemes & {"digest", "basic"}:
            return
        self._chosen = self._digest if "digest" in schemes else self._basic
        flow = self._chosen.auth_flow(request)
        again = next(flow)
        if self._chosen is self._basic:
            yield again
            return
        # Its first step is the request without a digest, and that one has been sent and answered.
        yield flow.send(response)
