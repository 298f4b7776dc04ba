"""Who may write: a person at this machine, or one whom a proxy has logged in; and what is read of a form.

A page that writes is there only when the operator asks for it. A form of another site cannot reach it: the form carries a
secret of this start, made for the person who opened it, the browser says that it comes from this page, and the host is
the one of this site, whatever name somebody else's DNS gives it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from anyio.from_thread import run as run_in_loop
from starlette.requests import Request

from citygraph.errors import ConfigError
from citygraph.messages import sentence
from citygraph.web.requests import Refusal, header, is_loopback, origin_of, reached_at, read_body, trusted_by

PEER: Final = "citygraph.peer"
"""Where the server leaves the address at the other end of the connection, before a proxy is believed about the client."""
_OF_PROXIES: Final = (b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"forwarded", b"via")
_PATIENCE: Final = 10.0
_FORM: Final = "application/x-www-form-urlencoded"
_WITH_FILE: Final = "multipart/form-data"
_PATIENCE_WITH_FILE: Final = 120.0
_MOST_PARTS: Final = 20
_PARAMETER: Final = re.compile(r'\b(name|filename)="([^"\r\n]*)"')
_LONGEST_NAME: Final = 200

Form = Mapping[str, list[str]]
"""What a form says: the values of each field, in order."""


class Access:
    """Lets those in who may write, at one start of the server."""

    def __init__(
        self,
        host: str,
        *,
        path: str,
        root_path: str = "",
        user_header: str = "",
        proxies: str = "",
        has_name: bool = False,
        must_approve: bool = False,
    ) -> None:
        """Access to the pages at `path`.

        Args:
            host: the address that is listened to.
            path: where the pages are, for what is said.
            root_path: the path that a proxy puts in front.
            user_header: the header in which a proxy names the person; without it, this machine alone may write.
            proxies: the addresses of the proxies that are believed.
            has_name: whether graph.toml says under which name the site is reached.
            must_approve: whether another person has to approve what is written.

        Raises:
            ConfigError: others could write too, or nobody could say who did.
        """
        if not user_header and (not _is_here(host) or root_path.strip("/")):
            raise ConfigError(sentence("access.others"), fix=sentence("access.leave_out"))
        if user_header and "*" in {each.strip() for each in proxies.split(",")}:
            raise ConfigError(sentence("access.any_proxy"), fix=sentence("access.name_proxy"))
        if user_header and not has_name:
            raise ConfigError(sentence("access.no_name"), fix=sentence("access.set_name"))
        if must_approve and not user_header:
            raise ConfigError(sentence("access.approve_whom"), fix=sentence("access.set_header"))
        self._path = path
        self._user_header = user_header.lower().encode()
        self._is_proxy = trusted_by(proxies)
        self._secret = secrets.token_bytes(32)

    def token(self, user: str) -> str:
        """What a form carries that was made for this person."""
        return hmac.new(self._secret, user.encode(), hashlib.sha256).hexdigest()

    def user(self, request: Request) -> str:
        """Who asks, by the name that the proxy gives; empty at this machine, where there is one person.

        Raises:
            Refusal: it is another machine, a name that somebody points at this one, or nobody has logged in.
        """
        if not self._user_header:
            client = request.scope.get("client")
            if (
                not _is_here(urlsplit(reached_at(request.scope)).hostname or "")
                or not client
                or not _is_here(client[0])
                # Whoever comes through a proxy is never at this machine, whatever a header says.
                or any(header(request.scope, each) for each in _OF_PROXIES)
            ):
                raise Refusal(403, sentence("access.here"), sentence("access.named_address"))
            return ""
        peer = request.scope.get(PEER)
        names = [value for name, value in request.scope["headers"] if name == self._user_header]
        name = _name_of(names[0]) if len(names) == 1 and peer and self._is_proxy(peer[0]) else ""
        if not name:
            raise Refusal(403, sentence("access.not_logged_in"), sentence("access.log_in"))
        return name

    def may_write(self, request: Request) -> bool:
        """Whether the person who asks would be let in, so that a page can show the way."""
        with suppress(Refusal):
            self.user(request)
            return True
        return False

    def form(self, request: Request, user: str, *, longest: int, fields: int) -> Form:
        """What a form of ours says, blanks around its values taken off, lines ended as in our files.

        Args:
            request: what was sent.
            user: who sends it, see `user`.
            longest: so many bytes at most.
            fields: so many fields at most.

        Raises:
            Refusal: it comes from another site, it is no form, too long, or not made for this person at this start.
        """
        self._refuse_foreign(request)
        body = run_in_loop(read_body, request.scope, request.receive, longest, _PATIENCE)
        try:
            found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=fields, errors="strict")
        except ValueError as error:
            raise Refusal(400, sentence("request.form")) from error
        given = {name: [each.replace("\r\n", "\n").strip() for each in values] for name, values in found.items()}
        if not hmac.compare_digest(given.get("token", [""])[0].encode(), self.token(user).encode()):
            raise Refusal(403, sentence("access.old_form"), sentence("access.open_again", path=self._path))
        return given

    def upload(self, request: Request, user: str, *, longest: int) -> tuple[str, bytes]:
        """The file that a form of ours sends: its name, and what it holds.

        Args:
            request: what was sent.
            user: who sends it, see `user`.
            longest: so many bytes at most.

        Raises:
            Refusal: as for `form`; or there is no file in it.
        """
        self._refuse_foreign(request, _WITH_FILE)
        body = run_in_loop(read_body, request.scope, request.receive, longest, _PATIENCE_WITH_FILE)
        parts = _parts_of(body, header(request.scope, b"content-type"))
        token = next((data for name, _, data in parts if name == "token"), b"")
        if not hmac.compare_digest(token, self.token(user).encode()):
            raise Refusal(403, sentence("access.old_form"), sentence("access.open_again", path=self._path))
        found = next(((file, data) for _, file, data in parts if file), None)
        if found is None:
            raise Refusal(400, sentence("request.form"))
        return found

    def _refuse_foreign(self, request: Request, form: str = _FORM) -> None:
        scope = request.scope
        here = urlsplit(origin_of(scope) if self._user_header else reached_at(request.scope))
        origin, site = header(scope, b"origin"), header(scope, b"sec-fetch-site")
        # Every browser sends one of them with a form (Fetch, 3.2; Fetch Metadata, 2.4); a page of ours sends no other.
        if (
            (origin and origin != f"{here.scheme}://{here.netloc}")
            or site not in {"", "same-origin"}
            or not (origin or site)
        ):
            raise Refusal(403, sentence("access.foreign_form"), sentence("access.open_again", path=self._path))
        if header(scope, b"content-type").partition(";")[0].strip().lower() != form:
            raise Refusal(415, sentence("access.no_form", type=form))


def _parts_of(body: bytes, content_type: str) -> list[tuple[str, str, bytes]]:
    """The fields of a form with a file (RFC 7578): name, name of the file, and what it holds; none of a broken one."""
    message = EmailMessage()
    message["Content-Type"] = content_type
    boundary = message.get_boundary("").encode("latin-1", "replace")
    found: list[tuple[str, str, bytes]] = []
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1 : _MOST_PARTS + 1] if boundary else ():
        head, between, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if piece[:2] == b"--" or not between:
            continue
        said = {m[1]: unquote(m[2]) for m in _PARAMETER.finditer(head.decode("utf-8", "replace"))}
        found.append((said.get("name", ""), said.get("filename", ""), data))
    return found


def _is_here(host: str) -> bool:
    return is_loopback(host.strip("[]"))


def _name_of(value: bytes) -> str:
    """A name from a header; empty when it is none that can be shown and written."""
    try:
        name = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        name = value.decode("latin-1").strip()
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else ""
