"""MONAI Label's web application, with clear answers to bad requests, and a limit to what is uploaded."""

# ruff: noqa: E402 - what MONAI Label lacks must be there before it is imported
from monai_ssl.label.background import mend_tasks
from monai_ssl.label.uploads import remove_old_uploads, use_own_folder
from monai_ssl.label.upstream import prepare_upstream

prepare_upstream()
mend_tasks()
use_own_folder()

import errno
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monailabel.config import settings

if not settings.MONAI_LABEL_CORS_ORIGINS:
    # Else the scripts of any page that is open in a browser of this machine may use the server.
    settings.MONAI_LABEL_CORS_ORIGINS = [f"http://127.0.0.1:{settings.MONAI_LABEL_SERVER_PORT}"]

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from monailabel.app import app
from monailabel.interfaces.exception import (
    ImageNotFoundException,
    LabelNotFoundException,
    MONAILabelError,
    MONAILabelException,
)
from monailabel.utils.async_tasks.task import AsyncTask
from monailabel.utils.async_tasks.utils import background_tasks

from monai_ssl.errors import InputError
from monai_ssl.label.closed import ClosedPaths
from monai_ssl.label.datastore import MissingError
from monai_ssl.label.limit import UploadLimit, largest_upload
from monai_ssl.label.origins import LOCAL, KnownOrigins
from monai_ssl.label.requests import check_requests
from monai_ssl.label.rounds import BusyError

__all__ = ["app"]

_BAD_REQUESTS = (MONAILabelError.INVALID_INPUT, MONAILabelError.APP_INIT_ERROR)


def _answer(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)


@app.exception_handler(InputError)
def input_error(_request: Request, error: InputError) -> JSONResponse:
    """404 for what is not there, 409 for a model that is being trained, else 400."""
    return _answer(404 if isinstance(error, MissingError) else 409 if isinstance(error, BusyError) else 400, str(error))


@app.exception_handler(MONAILabelException)
def upstream_error(_request: Request, error: MONAILabelException) -> JSONResponse:
    """404 for what is not there, 400 for what MONAI Label calls invalid, else 500."""
    missing = isinstance(error, ImageNotFoundException | LabelNotFoundException)
    return _answer(404 if missing else 400 if error.error in _BAD_REQUESTS else 500, error.msg)


@app.exception_handler(json.JSONDecodeError)
def json_error(_request: Request, error: json.JSONDecodeError) -> JSONResponse:
    """Parameters that are no JSON."""
    return _answer(400, f"The parameters are no JSON ({error}).")


@app.exception_handler(OSError)
def system_error(_request: Request, error: OSError) -> JSONResponse:
    """A file name that the system refuses is the request's, and so is asking for what is not there."""
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return _answer(400, "The name of the file cannot be used. Give a shorter one, of letters and digits.")
    if isinstance(error, FileNotFoundError) and error.filename == "nvidia-smi":
        return _answer(404, "This machine has no nvidia-smi, which tells of its GPUs.")
    return _answer(500, f"The server met an error ({error.strerror}); its log has more.")


_upstreams = app.router.lifespan_context


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    """End with the server what it has begun: its tasks, and what it keeps of uploads."""
    async with _upstreams(application):
        yield
    for method in list(background_tasks):
        while AsyncTask.stop(method):  # those that wait for their turn, too
            pass
    remove_old_uploads(0)


check_requests()
app.router.lifespan_context = _lifespan
app.add_middleware(ClosedPaths)
app.add_middleware(KnownOrigins, known=settings.MONAI_LABEL_CORS_ORIGINS, local=bool(os.environ.get(LOCAL)))
app.add_middleware(UploadLimit, most=largest_upload())
