"""Which web pages' scripts may use the server."""

import asyncio

import pytest

from monai_ssl.label.origins import KnownOrigins


def ask(origin, host=b"127.0.0.1:8000", local=False):
    """The status that a request from a page of this origin is answered with."""
    answer = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        answer.append(message)

    headers = [*([(b"host", host)] if host is not None else []), *([(b"origin", origin)] if origin is not None else [])]
    scope = {"type": "http", "method": "POST", "path": "/train/", "headers": headers}
    asyncio.run(KnownOrigins(application, ["https://viewer.example"], local)(scope, None, send))
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


@pytest.mark.parametrize(
    "host", [b"127.0.0.1:8000", b"localhost:8000", b"localhost", b"[::1]:8000", b"127.8.9.10", None]
)
@pytest.mark.parametrize("local", [False, True])
def test_a_local_server_is_asked_by_a_name_of_its_machine(host, local):
    assert ask(None, host, local) == 200


@pytest.mark.parametrize(
    "host", [b"elsewhere.example:8000", b"10.0.0.7", b"localhost.example", b"[::1", b"\xff", b":8000"]
)
def test_another_name_may_have_been_pointed_at_it(host):
    """The page of that name, which a browser takes for one of the server's."""
    assert ask(None, host, local=True) == 403
    assert ask(b"http://" + host, host, local=True) == 403
    assert ask(None, host) == 200


def test_the_name_of_a_known_page_is_a_proxys():
    assert ask(b"https://viewer.example", b"viewer.example", local=True) == 200
