"""Which web pages' scripts may use the server."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["LOCAL", "KnownOrigins", "is_loopback"]

LOCAL = "MONAI_SSL_LABEL_LOCAL"
"""Environment variable: empty, unless the server is for its own machine alone."""


def is_loopback(host: str) -> bool:
    """Whether an address is reached from its own machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which may be that of any address
        return False


class KnownOrigins:
    """Answer 403 to scripts of pages that the server has not served itself, unless they are known.

    A browser keeps the answers from them, but it sends forms all the same: one could begin a training, or save a
    prediction as a label. Other programs say no origin, and are let through.

    Args:
        app: the application.
        known: such as ``"https://viewer.example"``.
        local: whether the server is for its own machine alone. Then it must be asked for by a name of this machine, or
            of a known page: the owner of any other name can let it point here, and his pages seem to be the server's.
    """

    def __init__(self, app: ASGIApp, known: Collection[str], local: bool = False) -> None:
        self.app, self.known, self.local = app, frozenset(known), local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and (reason := self._refuse(dict(scope["headers"]))):
            detail = f"{reason} To let them in, name the address in MONAI_LABEL_CORS_ORIGINS."
            await JSONResponse({"detail": detail}, status_code=403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _refuse(self, headers: dict[bytes, bytes]) -> str | None:
        origin, host = (headers.get(name, b"").decode("latin-1") for name in (b"origin", b"host"))
        if self.local and host and not self._is_local(host):
            return "This server is for its own machine alone, and requests by another name are refused."
        if origin and origin not in self.known and origin.partition("://")[2] != host:
            return "Scripts of this page may not use the server."
        return None

    def _is_local(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or host in {known.partition("://")[2] for known in self.known}
