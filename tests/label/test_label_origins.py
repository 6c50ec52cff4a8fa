"""Which web pages' scripts may use the server."""

import asyncio

import pytest

from monai_ssl.label.origins import KnownOrigins


def ask(origin):
    """The status that a request from a page of this origin is answered with."""
    answer = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        answer.append(message)

    headers = [(b"host", b"127.0.0.1:8000"), *([(b"origin", origin)] if origin is not None else [])]
    scope = {"type": "http", "method": "POST", "path": "/train/", "headers": headers}
    asyncio.run(KnownOrigins(application, ["https://viewer.example"])(scope, None, send))
    return answer[0]["status"]


@pytest.mark.parametrize("origin", [None, b"http://127.0.0.1:8000", b"https://viewer.example"])
def test_programs_and_known_pages_are_let_through(origin):
    assert ask(origin) == 200


@pytest.mark.parametrize(
    "origin",
    [
        b"http://elsewhere.example",
        b"http://127.0.0.1:8001",
        b"null",
        b"http://viewer.example",
        b"127.0.0.1:8000",
        b"\xff",
    ],
)
def test_other_pages_are_not(origin):
    assert ask(origin) == 403
