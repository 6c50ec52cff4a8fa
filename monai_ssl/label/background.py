"""Tasks in processes beside the server, without the gaps that MONAI Label's own have."""

import logging
import os
import threading
import time
from datetime import datetime
from typing import Any

import psutil

__all__ = ["end_with_server", "mend_tasks"]

logger = logging.getLogger(__name__)

_SERVER = "MONAI_SSL_LABEL_SERVER"  # environment variable: the server's process
_ORPHANED = 3  # the exit code
_LOOKS = 0.5  # seconds between two looks whether the server is there
_STARTING = 0.01


def mend_tasks() -> None:
    """Let a task be one from its request on: to be counted, and to be stopped.

    Between the request and the start of the process, MONAI Label takes a second task and stops none. Stopped before
    it has begun, a task does not begin; one that gets no process has failed, and the next one's turn comes.
    """
    from monailabel.utils.async_tasks import task as asked
    from monailabel.utils.async_tasks import utils

    os.environ[_SERVER] = str(os.getpid())
    run, kill, turn = utils._task_func, utils.stop_background_task, threading.Lock()
    begun: set[str] = set()

    def unfinished(method: str) -> dict[str, dict[str, Any]]:
        return {task["id"]: task for task in asked.tasks(method) if task["status"] in ("SUBMITTED", "RUNNING")}

    def begin(task: dict[str, Any], method: str, callback: Any = None) -> None:
        with turn:
            if task["status"] != "SUBMITTED":
                return
            begun.add(task["id"])
        try:
            run(task, method, callback)
        except Exception:
            logger.exception("A task of the kind %s did not run.", method)
            _end(task, "ERROR")

    def stop(method: str) -> dict[str, Any] | None:
        task = next(iter(unfinished(method).values()), None)
        if task is None:
            return None
        with turn:
            if task["id"] not in begun:
                _end(task, "STOPPED")
                return task
        while task["status"] == "SUBMITTED":  # its process is being started
            time.sleep(_STARTING)
        try:
            return kill(method) or task
        except psutil.NoSuchProcess:  # it has ended by itself in this moment
            return task

    utils._task_func = begin
    asked.processes = unfinished
    asked.stop_background_task = stop


def end_with_server() -> None:
    """End this process when the server that started it does, however that ends; nothing in the server itself."""
    server = os.environ.get(_SERVER)
    if server in (None, str(os.getpid())):
        return

    def watch() -> None:
        while str(os.getppid()) == server:
            time.sleep(_LOOKS)
        os._exit(_ORPHANED)

    threading.Thread(target=watch, daemon=True).start()


def _end(task: dict[str, Any], status: str) -> None:
    task["status"] = status
    task["end_ts"] = datetime.today().strftime("%Y-%m-%d %H:%M:%S")
