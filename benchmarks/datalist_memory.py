"""Memory and time that a long data list takes, from making it to a loader on it.

Run with ``python -m benchmarks.datalist_memory``. Each step is taken in a process of its own: what it adds to the
process's largest resident memory, and its seconds. The images are empty files, for none is read: with a cache on disk
the loader is made without reading any.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cache import preprocessing
from benchmarks.timing import peak_memory
from monai_ssl.data import DataList, ImageDataset, TwoStreamLoader

CLASSES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")


class Cost(NamedTuple):
    """Seconds, and MiB by which the peak grew."""

    seconds: float
    memory: float


def cost(work: Callable[[], object]) -> Cost:
    before, start = peak_memory(), time.perf_counter()
    result = work()
    taken = Cost(time.perf_counter() - start, peak_memory() - before)
    del result
    return taken


def image_path(folder: Path, index: int) -> str:
    return str(folder / "images" / f"ID_{index:09x}.dcm")


def make_list(folder: Path, count: int) -> DataList:
    """A tenth of the images is for validation, a tenth for the test; of the others one in ten is labeled."""

    def entry(index: int) -> dict[str, Any]:
        # In 16 hexadecimal digits, as pseudonyms are; ten images a patient.
        unlabeled = {"image": image_path(folder, index), "patient": f"g{index // 10:016x}"}
        known = index % 10 == 0 or index >= count * 8 // 10
        return unlabeled | ({"label": [index // 10 >> bit & 1 for bit in range(5)]} if known else {})

    entries = [entry(index) for index in range(count)]
    train, validation = entries[: count * 8 // 10], entries[count * 8 // 10 : count * 9 // 10]
    return DataList(
        task="multilabel",
        labels=CLASSES,
        modality="CT",
        channels=1,
        spatial_dims=2,
        labeled=[item for item in train if "label" in item],
        unlabeled=[item for item in train if "label" not in item],
        validation=validation,
        test=entries[count * 9 // 10 :],
    )


def build_loader(datalist: DataList, folder: Path) -> TwoStreamLoader:
    labeled, unlabeled = (
        ImageDataset(entries, preprocessing(64), cache_dir=folder / "cache")
        for entries in (datalist.labeled, datalist.unlabeled)
    )
    return TwoStreamLoader(labeled, unlabeled, 16, 16, {"labeled": 1, "unlabeled": 2})


def make(folder: Path, count: int) -> Cost:
    return cost(lambda: make_list(folder, count))


def save(folder: Path, count: int) -> Cost:
    datalist = make_list(folder, count)
    return cost(lambda: datalist.save(folder))


def load(folder: Path, _: int) -> Cost:
    return cost(lambda: DataList.load(folder))


def build(folder: Path, _: int) -> Cost:
    datalist = DataList.load(folder)
    return cost(lambda: build_loader(datalist, folder))


STEPS: dict[str, Callable[[Path, int], Cost]] = {
    "make it": make,
    "save it": save,
    "load and check it": load,
    "build the loader": build,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Memory and time that a long data list takes.")
    parser.add_argument("--entries", type=int, default=100_000, help="number of images (%(default)s)")
    options = parser.parse_args(arguments)
    # A process forked from a small server: its peak so far is what has been imported.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.cache"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images").mkdir()
        for index in range(options.entries):
            Path(image_path(folder, index)).touch()
        print(f"{options.entries} entries")
        for step, work in STEPS.items():
            with ProcessPoolExecutor(1, context) as pool:
                taken = pool.submit(work, folder, options.entries).result()
            print(f"{step:20s} {taken.seconds:8.2f} s  {taken.memory:8.1f} MiB")
        print(f"the file: {(folder / 'datalist.json').stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
