"""What MONAI Label lacks, and what it would say too much of."""

import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from monai_ssl.label.upstream import refuse_second_task

pytest.importorskip("monailabel")

SCRIPT = """
import logging, sys
for name in ("itk", "pydicom_seg", "SimpleITK", "girder_client"):
    sys.modules[name] = None  # as if it were not installed
from monai_ssl.errors import InputError
from monai_ssl.label.upstream import prepare_upstream
prepare_upstream()
import pydicom_seg
try:
    pydicom_seg.MultiClassWriter(template=None)
except InputError as error:
    print(error)
import monailabel.app, monai_ssl.label.server, monai_ssl.label.app
print(logging.getLogger("monailabel.datastore.local").getEffectiveLevel())
"""


def test_missing_packages_are_stood_in_for():
    """In a process of its own: the stand-ins stay for as long as it lives."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "pydicom_seg is not installed, or does not work here. It is for results as DICOM SEG: install it for that."
    )
    assert lines[-1] == "40"


@pytest.mark.parametrize(
    ("status", "age", "runs"),
    [
        ("SUBMITTED", 0, True),
        ("SUBMITTED", 60, False),
        ("RUNNING", 9999, True),
        ("DONE", 0, False),
        ("ERROR", 0, False),
    ],
)
def test_a_task_runs_from_its_request_on(monkeypatch, status, age, runs):
    from monailabel.utils.async_tasks import task

    start = (datetime.now() - timedelta(seconds=age)).strftime("%Y-%m-%d %H:%M:%S")
    monkeypatch.setattr(task, "processes", task.processes)  # restored after the test
    monkeypatch.setattr(task, "tasks", lambda method: [{"id": method, "status": status, "start_ts": start}])
    monkeypatch.setattr(task, "app_instance", lambda: pytest.fail("a second one was begun") if runs else _App())
    refuse_second_task()
    result, said = task.AsyncTask.run("train", {"model": "m"}, force_sync=True)
    assert (result, bool(said)) == ((None, True) if runs else ({"trained": "m"}, False))


class _App:
    def info(self):
        return {}

    def bundle_path(self, model):
        return None

    def train(self, request):
        return {"trained": request["model"]}
