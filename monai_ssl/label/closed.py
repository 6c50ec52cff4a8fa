"""What of MONAI Label's server is closed: ways around the checks of this app."""

import re

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["ClosedPaths"]

# Sessions unpack archives without a look at the names inside, /reload makes an app that waits for itself, the proxy
# asks other servers, whole-slide images are no business of these bundles, and models come from training alone.
_CLOSED = tuple(
    (re.compile(path), methods)
    for path, methods in {
        r"/session(/.*)?": None,
        r"/reload/?": None,
        r"/proxy/.*": None,
        r"/infer/wsi_v2/.*|/infer/wsi/.*": None,
        r"/model/.*": ("PUT", "POST", "DELETE"),
    }.items()
)


class ClosedPaths:
    """Answer 403 to requests for what is closed.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and is_closed(scope["method"], scope["path"]):
            await JSONResponse({"detail": "This is closed here."}, status_code=403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def is_closed(method: str, path: str) -> bool:
    """Whether a request is not let through."""
    flat = re.sub(r"/+", "/", path)
    return any(pattern.fullmatch(flat) and method in (methods or (method,)) for pattern, methods in _CLOSED)
