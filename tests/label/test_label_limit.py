"""The limit to the size of requests."""

import asyncio
import json

import pytest

from monai_ssl.label.limit import UploadLimit

PIECE = 2**16


async def count(scope, receive, send):
    """An application that reads all that it is sent."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def post(pieces, headers=(), application=count):
    """Send so many pieces to the application behind a limit of 1 MiB; its answer, and how many pieces it took."""
    sent, answer = [], []

    async def receive():
        sent.append(PIECE)
        return {"type": "http.request", "body": b"x" * PIECE, "more_body": len(sent) < pieces}

    async def send(message):
        answer.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    asyncio.run(UploadLimit(application, most=2**20)(scope, receive, send))
    return answer[0]["status"], answer[1]["body"], len(sent)


def test_what_fits_goes_through():
    assert post(16, [(b"content-length", str(2**20).encode())]) == (200, str(2**20).encode(), 16)
    assert post(16) == (200, str(2**20).encode(), 16)


@pytest.mark.parametrize(("headers", "taken"), [([(b"content-length", str(2**20 + 1).encode())], 0), ([], 17)])
def test_what_is_too_large_is_refused(headers, taken):
    status, body, pieces = post(100, headers)
    assert (status, pieces) == (413, taken)
    assert json.loads(body) == {"detail": "The request is larger than 1 MiB, the most that is taken."}


def test_what_is_too_large_is_told_where_the_application_takes_it_for_a_bad_request():
    """As FastAPI does with all that happens while it reads a form."""

    async def swallow(scope, receive, send):
        try:
            await count(scope, receive, send)
        except Exception:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"bad"})

    assert post(100, application=swallow)[::2] == (413, 17)


def test_other_connections_are_left_alone():
    seen = []

    async def lifespan(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(UploadLimit(lifespan, most=1)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
