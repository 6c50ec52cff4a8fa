"""Checks of what MONAI Label's endpoints are asked, before they do anything; what they do with the rest is theirs."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from monailabel.endpoints import activelearning, batch_infer, datastore, infer, logs, scoring, train
from monailabel.interfaces.utils.app import app_instance
from monailabel.utils.async_tasks.task import AsyncTask

from monai_ssl.errors import InputError
from monai_ssl.label.datastore import CheckedDatastore
from monai_ssl.label.facts import read_plain

__all__ = ["check_parameters", "check_requests"]

_GPUS = re.compile(r"all|\d{1,2}(,\d{1,2}){0,31}")
_CHECKSUM = re.compile(r"((SHA256|SHA512|MD5):)?[0-9A-Fa-f]+")
_MOST_LINES = 10**6


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6


_TEXT = _is_text, "a text"
_COUNT = _is_count, "a whole number from 0"
# What MONAI Label itself takes out of parameters. A path of a bundle, it would import from.
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("model", "method", "strategy", "image", "label_tag", "logging", "client_id", "device"), _TEXT),
    **dict.fromkeys(("max_workers", "max_batch_size"), _COUNT),
    "gpus": (lambda value: _is_text(value) and _GPUS.fullmatch(value) is not None, "all, or numbers such as 0,1"),
    "images": (
        lambda value: _is_text(value) or (isinstance(value, list) and all(map(_is_text, value))),
        "all, labeled, unlabeled, or a list of names",
    ),
    "bundle_path": (lambda _: False, "none: the server knows its bundles"),
}


def check_requests() -> None:
    """Put the checks before what the endpoints call; to be done once, in the server."""
    for endpoint in (activelearning, batch_infer, datastore, infer, logs, scoring, train):
        for name, function in inspect.getmembers(endpoint, inspect.isfunction):
            if function.__module__ == endpoint.__name__ and not inspect.iscoroutinefunction(function):
                setattr(endpoint, name, _checked(function))
    AsyncTask.run = staticmethod(_checked_task(AsyncTask.run))


def check_parameters(given: Any) -> None:
    """Check the parameters of a request: an object, whose values are of the forms that MONAI Label counts on.

    Raises:
        InputError: when they are not.
    """
    for name, value in read_plain(given).items():
        accepts, form = _FORMS.get(name, (None, ""))
        if accepts is not None and value is not None and not accepts(value):
            raise InputError(f"{name} is {str(value)[:80]!r}. Give {form}.")


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    signature, further = inspect.signature(function), _FURTHER.get(function)
    checks = _CHECKS | (_FACTS if function.__module__ == datastore.__name__ else {})

    @functools.wraps(function)
    def checking(*args: Any, **more: Any) -> Any:
        given = signature.bind(*args, **more).arguments
        for name, check in checks.items():
            if name in given:
                check(given[name])
        if further is not None:
            further(**given)
        return function(*args, **more)

    return checking


def _checked_task(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def checking(method: str, request: Any = None, params: Any = None, **more: Any) -> Any:
        app_instance().check_task(method, {**(request or {}), **(params or {})})
        return run(method, request, params, **more)

    return checking


def _check_upload(file: Any) -> None:
    """Of uploads; elsewhere a label is a name."""
    if "\0" in str(getattr(file, "filename", "") or ""):
        raise InputError("The name of the file cannot be used. Give letters and digits.")


def _check_sum(given: str | None) -> None:
    if given and not _CHECKSUM.fullmatch(given):
        raise InputError(f"check_sum is {given[:80]!r}. Give SHA256:, SHA512: or MD5: and hexadecimal digits.")


def _check_lines(lines: int | None) -> None:
    if lines is None or abs(lines) > _MOST_LINES:
        raise InputError(f"lines is {lines}. Give a whole number up to {_MOST_LINES}.")


_CHECKS: dict[str, Callable[[Any], None]] = {
    **dict.fromkeys(("params", "info"), check_parameters),
    **dict.fromkeys(("file", "label"), _check_upload),
    "check_sum": _check_sum,
    "lines": _check_lines,
}
# What is kept with an image or a label is of any form.
_FACTS = dict.fromkeys(("params", "info"), read_plain)


def _check_inference(
    model: str, image: str = "", session_id: str = "", file: Any = None, label: Any = None, output: Any = None, **_: Any
) -> None:
    app = app_instance()
    if session_id:
        raise InputError("Sessions are closed here. Name an image of the datastore, or upload it with the request.")
    if not image and not file:
        raise InputError("A prediction is of an image. Name one of the datastore, or upload it with the request.")
    if label:
        raise InputError("A prediction takes no label, as no model here goes by any. Send the image alone.")
    if output == "dicom_seg" and isinstance(app.datastore(), CheckedDatastore):
        raise InputError("Predictions are not given as DICOM SEG here. Ask for image, json or all.")
    if output == "image" and model in app.inferences and app.inferences[model].model.kind == "classification":
        raise InputError(f"{model} predicts classes, which are no image. Ask for json.")


def _check_all(task: str, key: str, names: Callable[[Any], Any], params: Any = None, **_: Any) -> None:
    """Of all models, or all methods, before the first is begun; parameters may have those of one under its name."""
    app, common = app_instance(), read_plain(params)
    for name in names(app):
        check_parameters(common.get(name))
        app.check_task(task, {key: name, **read_plain(common.get(name)), **common})


_FURTHER: dict[Callable[..., Any], Callable[..., None]] = {
    infer.run_inference: _check_inference,
    train.run: functools.partial(_check_all, "train", "model", lambda app: app.inferences),
    scoring.run: functools.partial(_check_all, "scoring", "method", lambda app: app.info()["scoring"]),
}
