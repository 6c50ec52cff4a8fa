"""A limit to the size of requests."""

import contextlib
import os

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monai_ssl.errors import InputError

__all__ = ["UPLOAD_VARIABLE", "UploadLimit", "largest_upload"]

UPLOAD_VARIABLE = "MONAI_SSL_LABEL_MAX_UPLOAD_MB"
"""Environment variable: the largest upload, in MiB."""


def largest_upload() -> int:
    """The most bytes that are taken: what the environment says, else 2 GiB.

    Raises:
        InputError: when it does not say a whole number above 0.
    """
    text = os.environ.get(UPLOAD_VARIABLE, "2048")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"{UPLOAD_VARIABLE} is {text!r}. Give a whole number of MiB above 0.")
    return int(text) * 2**20


class UploadLimit:
    """Refuse what is too large with 413, also where it does not say how large it is.

    Args:
        app: the application.
        most: bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        taken, answered, exceeded = 0, False, False

        async def refuse() -> None:
            nonlocal answered
            answered = True
            detail = f"The request is larger than {self.most // 2**20} MiB, the most that is taken."
            await JSONResponse({"detail": detail}, status_code=413)(scope, receive, send)

        async def counted() -> Message:
            nonlocal taken, exceeded
            message = await receive()
            taken += len(message.get("body", b""))
            exceeded = taken > self.most
            if exceeded:
                raise _TooLargeError
            return message

        async def once(message: Message) -> None:
            nonlocal answered
            if exceeded and not answered:
                return  # what the application makes of its broken input, which it may take for a bad one
            answered = answered or message["type"] == "http.response.start"
            await send(message)

        if length.isdigit() and int(length) > self.most:
            await refuse()
            return
        with contextlib.suppress(_TooLargeError):
            await self.app(scope, counted, once)
        if exceeded and not answered:
            await refuse()


class _TooLargeError(Exception):
    """More was sent than is taken."""
