"""Time to read a table of labels and draw splits and budgets, at the size of NIH ChestX-ray14.

Run with ``python -m benchmarks.budgets``. It writes a synthetic table of 112,120 rows of 30,805 patients with the names
of up to three of 14 findings, and times two ways in turn: the project's (read the table and its labels, divide the
patients, draw a budget that shows every class) and a plain loop (``csv`` and one ``random.sample`` of rows, which
keeps no patient together and checks nothing).
"""

import argparse
import csv
import random
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.timing import add_arguments, alternate, conditions
from data_prep.folder.labels import read_labels
from data_prep.folder.tables import read_table
from data_prep.pipeline.groups import shuffled_numbers
from data_prep.pipeline.protocol import Item, assign_splits, divide

FINDINGS = [f"Finding {letter}" for letter in "ABCDEFGHIJKLMN"]
BUDGETS = (0.01, 0.05, 0.1)


def write_table(path: Path, rows: int, patients: int) -> None:
    generator = np.random.default_rng(0)
    owners = np.sort(np.concatenate([np.arange(patients), generator.integers(0, patients, rows - patients)]))
    counts = generator.integers(0, 4, rows)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Image Index", "Finding Labels", "Patient ID"])
        for row, (owner, count) in enumerate(zip(owners.tolist(), counts.tolist(), strict=True)):
            found = generator.choice(len(FINDINGS), count, replace=False)
            names = "|".join(FINDINGS[index] for index in found) or "No Finding"
            writer.writerow([f"{owner:08d}_{row:03d}.png", names, owner])


def project(path: Path) -> int:
    """The number of labeled images of the largest budget."""
    table = read_table(path)
    labels = read_labels(
        table,
        ["Finding Labels"],
        label_format="separated",
        task=None,
        missing=frozenset({"", "nan"}),
        separator="|",
        negative="No Finding",
    )
    numbers = shuffled_numbers([row["Patient ID"] for row in table.rows], 0)
    items = [Item(number, row) for number, row in zip(numbers, labels.rows, strict=True)]
    split_of = assign_splits(items, (0.7, 0.1, 0.2), 0)
    for budget in BUDGETS:
        division = divide(
            items, split_of, budget=budget, validation_budget=None, unit="image", seed=0, class_names=labels.names
        )
    return len(division.lists["labeled"])


def plain(path: Path) -> int:
    """The same number of images, at random."""
    with path.open(newline="") as file:
        rows = [
            (row["Image Index"], [int(name in row["Finding Labels"].split("|")) for name in FINDINGS])
            for row in csv.DictReader(file)
        ]
    generator = random.Random(0)  # noqa: S311 - not for secrets
    train = generator.sample(rows, round(0.7 * len(rows)))
    return max(len(generator.sample(train, round(budget * len(train)))) for budget in BUDGETS)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to read a table and draw budgets.")
    parser.add_argument("--rows", type=int, default=112_120, help="images (%(default)s)")
    parser.add_argument("--patients", type=int, default=30_805, help="patients (%(default)s)")
    add_arguments(parser, repeats=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        write_table(path, options.rows, options.patients)
        medians = alternate({"plain loop": partial(plain, path), "data_prep": partial(project, path)}, options.repeats)
    print(f"{options.rows} rows of {options.patients} patients, {len(BUDGETS)} budgets, median of {options.repeats}")
    print(conditions())
    for name, median in medians.items():
        print(f"{name:12s} {median:6.2f} s  x {median / medians['plain loop']:.2f}")


if __name__ == "__main__":
    main()
