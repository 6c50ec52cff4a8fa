"""Robust losses under wrong labels, and how many were wrong is known: a table and a figure.

    python -m benchmarks.label_noise --dataset_dir LIST --output DIR

Labels of the labeled training images are changed on purpose; validation and test images keep theirs. For every noise,
rate and seed the bundle ``supervised`` is trained with each loss on the same wrong labels for the same number of steps.
The network of the last epoch and the model that validates best are evaluated on the test images. Other options are
handed on to the bundle, such as ``--max_epochs 10``. What is done already in DIR is not done again.

Source of the losses and their parameters: Semi-supervised Learning using Robust Loss, sections 2.1 and 3.1.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.label_flips import NOISES, with_flipped_labels
from benchmarks.label_noise_report import Condition, Results, figure_of, table
from benchmarks.label_noise_run import train_and_evaluate
from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from monai_ssl.losses import RobustLoss
from monai_ssl.reports import save_figure

LOSSES: dict[str, dict[str, Any]] = {
    "ce": {},
    "gce": {"q": 0.9},
    "bce": {"beta": 5.0},
    "sce": {"alpha": 0.1, "gamma": 0.01},
}
"""The losses with the text's parameters for CIFAR-10."""


def make_conditions(noises: Sequence[str], rates: Sequence[float]) -> list[Condition]:
    """Every noise at every rate; none has but the rate 0."""
    made = [Condition(noise, rate) for noise in noises for rate in (rates if noise != "none" else (0.0,))]
    return list(dict.fromkeys(made))


def read_parameters(text: str, losses: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read the losses' parameters, JSON as ``{"gce": {"q": 0.7}}``; those that are not named keep the text's.

    Raises:
        InputError: for a text that is no such JSON, or a loss that cannot have these parameters.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f'`--parameters` is no JSON ({error}). Give e.g. \'{{"gce": {{"q": 0.7}}}}\'.') from error
    if not isinstance(given, Mapping) or not all(isinstance(value, Mapping) for value in given.values()):
        raise InputError(f'`--parameters` is {text}. Give the parameters by loss, e.g. \'{{"gce": {{"q": 0.7}}}}\'.')
    for name, parameters in {**LOSSES, **given}.items():
        RobustLoss(name, "multiclass", **parameters)
    return {name: dict(given.get(name, LOSSES[name])) for name in losses}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, evaluate, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--dataset_dir", type=Path, required=True, help="the data list, of task multiclass")
    parser.add_argument("--output", type=Path, required=True, help="where lists, runs, table.md and the figure go")
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=list(LOSSES), help="default: all")
    parser.add_argument("--noise", nargs="+", choices=NOISES, default=list(NOISES), help="default: all")
    parser.add_argument("--rates", nargs="+", type=float, default=[0.2, 0.4], help="of wrong labels (0.2 0.4)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of wrong labels and training (0 1 2)")
    parser.add_argument("--parameters", default="{}", help=f"JSON, by loss; by default {json.dumps(LOSSES)}")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="runs side by side")
    parser.add_argument("--title", default="Losses under wrong labels")
    options, overrides = parser.parse_known_args(arguments)
    output, losses = options.output.resolve(), list(dict.fromkeys(options.losses))
    conditions, seeds = make_conditions(options.noise, options.rates), list(dict.fromkeys(options.seeds))
    try:
        parameters = read_parameters(options.parameters, losses)
        folders = write_lists(options.dataset_dir, output / "lists", conditions, seeds)
    except InputError as error:
        parser.error(str(error))
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = {
            (condition, loss, seed): pool.submit(
                train_and_evaluate,
                folders[condition, seed],
                {"_target_": "monai_ssl.losses.RobustLoss", "name": loss, "task": "multiclass", **parameters[loss]},
                seed,
                output / "runs" / str(condition) / f"{loss}_{seed}",
                overrides,
            )
            for seed in seeds
            for condition in conditions
            for loss in losses
        }
        results: Results = {condition: {loss: [] for loss in losses} for condition in conditions}
        for number, ((condition, loss, seed), future) in enumerate(futures.items(), start=1):
            results[condition][loss].append(future.result())
            print(f"{number}/{len(futures)}: {condition}, {loss}, seed {seed}", flush=True)
    text = table(results)
    (output / "table.md").write_text(text + "\n")
    save_figure(figure_of(results, options.title), output / "label_noise.png")
    print(f"\n{text}\n\nFigure: {output / 'label_noise.png'}")


def write_lists(
    dataset_dir: Path, folder: Path, conditions: Sequence[Condition], seeds: Sequence[int]
) -> dict[tuple[Condition, int], Path]:
    """Write a data list for each condition and seed, and return its folder."""
    datalist = DataList.load(dataset_dir)
    folders = {}
    for condition in conditions:
        for seed in seeds:
            folders[condition, seed] = folder / f"{condition}_seed_{seed}"
            with_flipped_labels(datalist, *condition, seed).save(folders[condition, seed])
    return folders


if __name__ == "__main__":
    main()
