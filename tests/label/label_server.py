"""A real MONAI Label server for tests, and a client of it."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import requests

from tests.bundles.helpers import REPOSITORY, environment

_START, _TASK = 90, 240  # seconds, at most


class LabelServer:
    """``python -m monai_ssl.label start_server`` on a free port of loopback, with an app and studies of its own."""

    def __init__(self, folder: Path, **conf: str) -> None:
        self.folder, self.app, self.studies = folder, folder / "app", folder / "studies"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy is asked for this machine
        self.temporary = folder / "temporary"
        self.app.mkdir()
        (self.app / "model.salt").write_text("00" * 32)  # so that the same patients are validated on every time
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        given = {"bundles": str(REPOSITORY / "bundles"), **conf}
        options = [part for key, value in given.items() for part in ("--conf", key, value)]
        self._command = [sys.executable, "-m", "monai_ssl.label", "start_server", f"--app={self.app}"]
        self._command += [f"--studies={self.studies}", f"--port={self.port}", *options]

    def __enter__(self) -> "LabelServer":
        self.temporary.mkdir(exist_ok=True)  # it may be started again
        own = {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(self.temporary), "MONAI_SSL_LABEL_MAX_UPLOAD_MB": "4"}
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, env=environment() | own
            )
        deadline = time.monotonic() + _START
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.get("/info/")
            except requests.ConnectionError:
                time.sleep(0.2)
            else:
                return self
        self._process.kill()
        raise AssertionError(self.log)

    def __exit__(self, *_error) -> None:
        self._process.terminate()
        self._process.wait(30)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait(30)

    def wait_for_training(self) -> list[psutil.Process]:
        """Wait until a bundle is being trained; the processes of the server then."""
        deadline = time.monotonic() + _TASK
        while time.monotonic() < deadline and self.get("/train/")["status"] in ("SUBMITTED", "RUNNING"):
            children = self.children()
            with contextlib.suppress(psutil.Error):  # one that has just ended
                if any("monai_ssl.label.child" in child.cmdline() for child in children):
                    return children
            time.sleep(0.2)
        raise AssertionError(self.log)

    def children(self) -> list[psutil.Process]:
        """The processes that it has started, and theirs."""
        return psutil.Process(self._process.pid).children(recursive=True)

    @property
    def log(self) -> str:
        """All that the server has printed."""
        return (self.folder / "server.log").read_text(errors="replace")

    def request(self, method: str, path: str, **more) -> requests.Response:
        """Any request."""
        return self._session.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=_TASK, **more)

    def get(self, path: str, **params):
        """A request for JSON."""
        answer = self.request("GET", path, params=params)
        assert answer.ok, answer.text
        return answer.json()

    def post(self, path: str, content=None, **params) -> requests.Response:
        """A request with JSON."""
        return self.request("POST", path, params=params, json=content)

    def put_image(self, name: str, file: Path, filename: str | None = None, **info) -> requests.Response:
        """Upload an image."""
        with file.open("rb") as opened:
            files, data = {"file": (filename or file.name, opened)}, {"params": json.dumps(info)}
            return self.request("PUT", "/datastore/image", params={"image": name}, files=files, data=data)

    def put_label(self, name: str, content: bytes | Path, filename: str, tag: str = "final") -> requests.Response:
        """Upload a label."""
        files = {"label": (filename, content if isinstance(content, bytes) else content.read_bytes())}
        return self.request("PUT", "/datastore/label", params={"image": name, "tag": tag}, files=files)

    def infer(self, model: str, name: str, output: str) -> requests.Response:
        """Ask for a prediction of an image of the datastore."""
        return self.request("POST", f"/infer/{model}", params={"image": name, "output": output})

    def wait_for(self, task: str) -> dict:
        """Wait for the end of the task that runs; its status and last lines."""
        deadline = time.monotonic() + _TASK
        while time.monotonic() < deadline:
            found = self.request("GET", f"/{task}/")
            if found.ok and found.json()["status"] not in ("SUBMITTED", "RUNNING"):
                return found.json()
            time.sleep(0.3)
        raise AssertionError(self.log)

    def contents(self) -> dict[str, bytes]:
        """All files of the studies, but for the index of MONAI Label, its lock and its times."""
        files = {path.relative_to(self.studies).as_posix(): path for path in self.studies.rglob("*") if path.is_file()}
        return {
            name: path.read_bytes()
            for name, path in files.items()
            if name not in (".lock", ".changes.lock", "datastore_v2.json")
        }
