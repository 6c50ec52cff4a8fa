"""Jobs in worker processes: what each of them may do, and what the others must not see of it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError

REMEDY = "Leave the file out, or copy it again from its source."


def run(function, jobs, workers=2, **options):
    return run_jobs(function, jobs, workers=workers, description="testing", name=lambda job: f"file {job}", **options)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, other than as a zombie that its parent has not seen yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def square(job: int) -> int:
    time.sleep(0.002 * (job % 3))
    return job * job


def slow_first(job: int) -> int:
    if job == 0:
        time.sleep(0.5)
    return job


def refuse_odd(job: int) -> int:
    if job % 2:
        raise InputError(f"file {job}: it is odd. Take an even one.")
    return job


def die_at_three(job: int) -> int:
    if job == 3:
        os._exit(7)
    return job


def crash_at_three(job: int) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    return job


def die_once(job: Path) -> str:
    if not job.exists():
        job.touch()
        os._exit(1)
    return "second"


def hang_at_three(job: int) -> int:
    if job == 3:
        time.sleep(60)
    return job


def process_id(job: int) -> int:
    return os.getpid()


def divide(job: int) -> float:
    return 1 / job


class OddError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)


def raise_odd(job: int) -> None:
    raise OddError("what went wrong", "more")


def not_to_be_sent(job: int) -> Iterator[int]:
    return (value for value in range(job))


def touch(job: str) -> None:
    Path(job).touch()


def double(job: bytes) -> bytes:
    return job + job


class ExitsElsewhere:
    """Cannot be unpickled in another process."""

    def __reduce__(self):
        return partial(os._exit, 5), ()


def test_results_are_in_the_order_of_the_jobs():
    assert list(run(square, range(200), workers=3)) == [job * job for job in range(200)]


def test_no_jobs():
    assert list(run(square, [])) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_input_error_is_the_value(workers):
    results = list(run(refuse_odd, range(6), workers=workers))
    assert results[::2] == [0, 2, 4]
    assert [type(result) for result in results[1::2]] == [InputError] * 3
    assert [str(result) for result in results[1::2]] == [
        f"file {job}: it is odd. Take an even one." for job in (1, 3, 5)
    ]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("function", "end"), [(die_at_three, "exit code 7"), (crash_at_three, "signal 11")])
def test_death_concerns_one_job(function, end, workers):
    results = list(run(function, range(12), workers=workers))
    assert str(results.pop(3)) == f"file 3: the process that worked on this file died ({end}). {REMEDY}"
    assert results == [0, 1, 2, *range(4, 12)]


def test_job_gets_a_second_process(tmp_path):
    jobs = [tmp_path / str(number) for number in range(4)]
    assert list(run(die_once, jobs)) == ["second"] * 4


@pytest.mark.parametrize("workers", [1, 2])
def test_hanging_job_is_given_up(workers):
    results = list(run(hang_at_three, range(12), workers=workers, timeout=2))
    assert str(results.pop(3)) == f"file 3: work on this file took longer than 2 seconds. {REMEDY}"
    assert results == [0, 1, 2, *range(4, 12)]


def test_waiting_consumer_is_no_timeout():
    results = run(square, range(8), timeout=1)
    assert next(results) == 0
    time.sleep(1.5)
    assert list(results) == [job * job for job in range(1, 8)]


def test_few_jobs_are_taken_before_the_first_is_done():
    taken = []

    def jobs():
        for number in range(10_000):
            taken.append(number)
            yield number

    results = run(slow_first, jobs())
    assert next(results) == 0
    assert 10 < len(taken) < 100
    results.close()


def test_jobs_and_results_larger_than_a_pipe():
    jobs = [bytes([number]) * 1_000_000 for number in range(8)]
    assert list(run(double, jobs)) == [job + job for job in jobs]


def test_closing_early_leaves_no_process():
    results = run(process_id, range(1000))
    ids = {next(results) for _ in range(50)}
    assert os.getpid() not in ids
    results.close()
    assert not any(is_alive(pid) for pid in ids)
    assert not multiprocessing.active_children()


def test_no_process_is_left_at_the_end():
    ids = set(run(process_id, range(50)))
    assert len(ids) <= 2
    assert not any(is_alive(pid) for pid in ids)


def test_closing_does_not_wait_for_a_job():
    results = run(hang_at_three, range(6))
    assert next(results) == 0
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 30


def test_other_errors_are_raised():
    results = run(divide, [1, 0])
    with pytest.raises(ZeroDivisionError) as raised:
        list(results)
    assert "in divide" in raised.value.__notes__[0]
    assert not multiprocessing.active_children()


def test_error_that_cannot_be_sent():
    with pytest.raises(RuntimeError, match=r"(?s)raise_odd.*OddError: what went wrong"):
        list(run(raise_odd, [1]))


def test_result_that_cannot_be_sent():
    with pytest.raises(TypeError, match="generator"):
        list(run(not_to_be_sent, [1]))


def test_process_that_cannot_be_started():
    with pytest.raises(RuntimeError, match=r"could not be started \(exit code 5\)"):
        list(run(partial(square, ExitsElsewhere()), [1]))


def test_paths_are_relative_to_the_present_folder(tmp_path, monkeypatch):
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        list(run(touch, ["made"]))
        assert (folder / "made").exists()


def test_bad_number_of_workers():
    with pytest.raises(ValueError, match="workers is 0"):
        list(run(square, [1], workers=0))


def start(folder: Path, function: str) -> subprocess.Popen:
    """Another program that prints the results of four jobs."""
    (folder / "jobs.py").write_text(f"import os, sys, time\ndef work(job):\n{function}")
    script = (
        "import signal, sys; sys.path.insert(0, sys.argv[1])\n"
        # What a shell starts in the background ignores interrupts, and so would its children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from data_prep.workers.pool import run_jobs\n"
        "from jobs import work\n"
        "for result in run_jobs(work, range(4), workers=1, description='', name=str): print(result, flush=True)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_workers_print_nothing(tmp_path):
    talk = "    print('Smith', flush=True)\n    os.write(2, b'Smith')\n    return job\n"
    with start(tmp_path, talk) as process:
        output, errors = process.communicate(timeout=120)
    assert output.split() == ["0", "1", "2", "3"]
    assert "Smith" not in errors


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_interrupt_leaves_no_process(tmp_path):
    with start(tmp_path, "    if job == 2: time.sleep(60)\n    return os.getpid()\n") as process:
        ids = {int(process.stdout.readline()) for _ in range(2)}
        assert all(is_alive(pid) for pid in ids)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to all processes of the terminal
        assert process.wait(timeout=60) != 0
    assert not any(is_alive(pid) for pid in ids)
