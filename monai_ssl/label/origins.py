"""Which web pages' scripts may use the server."""

from collections.abc import Collection

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["KnownOrigins"]


class KnownOrigins:
    """Answer 403 to scripts of pages that the server has not served itself, unless they are known.

    A browser keeps the answers from them, but it sends forms all the same: one could begin a training, or save a
    prediction as a label. Other programs say no origin, and are let through.

    Args:
        app: the application.
        known: such as ``"https://viewer.example"``.
    """

    def __init__(self, app: ASGIApp, known: Collection[str]) -> None:
        self.app, self.known = app, frozenset(known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and not self._is_known(dict(scope["headers"])):
            detail = "Scripts of this page may not use the server. To let them, name it in MONAI_LABEL_CORS_ORIGINS."
            await JSONResponse({"detail": detail}, status_code=403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_known(self, headers: dict[bytes, bytes]) -> bool:
        origin, host = (headers.get(name, b"").decode("latin-1") for name in (b"origin", b"host"))
        return not origin or origin in self.known or origin.partition("://")[2] == host
