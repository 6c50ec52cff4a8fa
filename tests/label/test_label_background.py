"""Tasks beside the server: counted and stopped from their request on, in their turn."""

import os
import subprocess
import sys
import threading
import time

import pytest

from monai_ssl.label.background import mend_tasks

pytest.importorskip("monailabel")


@pytest.fixture
def tasks(monkeypatch):
    """MONAI Label's tasks, mended, whose processes are threads that wait to be ended."""
    from monailabel.utils.async_tasks import task, utils

    ended, ran = threading.Event(), []

    def run(task, method, callback):
        if task["request"]["model"] == "broken":
            raise TypeError
        task["status"] = "RUNNING"
        ran.append(task["request"]["model"])
        ended.wait(20)
        task["status"] = "DONE" if task["status"] == "RUNNING" else task["status"]

    def kill(method):
        running = next(task for task in utils.background_tasks[method] if task["status"] == "RUNNING")
        running["status"] = "STOPPED"
        ended.set()
        return running

    for name in ("background_tasks", "background_processes", "background_executors"):
        monkeypatch.setattr(utils, name, {})
    monkeypatch.setattr(utils, "_task_func", run)
    monkeypatch.setattr(utils, "stop_background_task", kill)
    monkeypatch.setattr(task, "processes", task.processes)  # restored after the test
    monkeypatch.setattr(task, "stop_background_task", task.stop_background_task)
    monkeypatch.setattr(task, "app_instance", _App)
    monkeypatch.setenv("MONAI_SSL_LABEL_SERVER", "")
    mend_tasks()
    yield task.AsyncTask, ran
    ended.set()


class _App:
    def info(self):
        return {}

    def bundle_path(self, model):
        return None


def _wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_task_is_refused_until_the_first_has_ended(tasks):
    task, ran = tasks
    first, _ = task.run("train", {"model": "a"})
    assert task.run("train", {"model": "b"})[0] is None
    _wait_for(lambda: ran == ["a"])
    assert task.run("train", {"model": "b"})[0] is None
    assert task.stop("train") is first
    assert task.run("train", {"model": "b"})[0] is not None


def test_a_task_that_waits_for_its_turn_is_stopped_and_never_begins(tasks):
    task, ran = tasks
    first, _ = task.run("train", {"model": "a"})
    second, _ = task.run("train", {"model": "b"}, enqueue=True)
    assert task.stop("train") is first
    assert task.stop("train") is second
    assert task.stop("train") is None
    assert [first["status"], second["status"]] == ["STOPPED", "STOPPED"]
    third, _ = task.run("train", {"model": "c"})
    _wait_for(lambda: third["status"] == "DONE")
    assert "b" not in ran


def test_a_task_that_gets_no_process_has_failed(tasks):
    task, _ = tasks
    broken, _ = task.run("train", {"model": "broken"})
    _wait_for(lambda: broken["status"] == "ERROR")
    assert task.stop("train") is None
    assert task.run("train", {"model": "a"})[0] is not None


SCRIPT = """
import os, subprocess, sys, time
from monai_ssl.label.background import end_with_server
if sys.argv[1] == "task":
    end_with_server()
    time.sleep(60)
os.environ["MONAI_SSL_LABEL_SERVER"] = str(os.getpid())
end_with_server()
print(subprocess.Popen([sys.executable, "-c", os.environ["SCRIPT"], "task"]).pid, flush=True)
time.sleep(60)
"""


def test_a_task_ends_with_its_server_however_that_ends():
    psutil = pytest.importorskip("psutil")
    command = [sys.executable, "-c", SCRIPT, "server"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "SCRIPT": SCRIPT})
    assert server.stdout is not None
    task = psutil.Process(int(server.stdout.readline()))
    time.sleep(1)
    assert server.poll() is None
    assert task.is_running()
    server.kill()
    server.wait()
    assert not psutil.wait_procs([task], timeout=20)[1]
