"""A bundle's training on random images, as its ``train.json`` says but for validation and checkpoints."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from monai.bundle import ConfigParser
from PIL import Image

from monai_ssl.data import DataList

__all__ = ["BundleRun", "write_data_set"]

_BUNDLES = Path(__file__).parents[1] / "bundles"
_LEFT_OUT = ("ValidationHandler", "MetricVariance", "TrainingReport", "TrainingCheckpoint")
_TRACKING = ("TrainingHistory", "MLflowTracker")


def write_data_set(folder: Path, images: int, size: int) -> None:
    """Write random grey PNGs and a data list with five classes; beside ``images`` unlabeled, a tenth is labeled.

    Args:
        folder: where the images and the data list go.
        images: the number of unlabeled images; labeled and validation images are further ones.
        size: height and width in pixels.
    """
    generator = np.random.default_rng(0)
    counts = {"labeled": max(images // 10, 1), "validation": 2, "unlabeled": images}
    lists: dict[str, list[dict[str, Any]]] = {key: [] for key in counts}
    for key, count in counts.items():
        for number in range(count):
            path = folder / f"{key}{number}.png"
            Image.fromarray(generator.integers(0, 256, (size, size), dtype=np.uint8)).save(path)
            lists[key].append({"image": str(path), "patient": path.stem})
            if key != "unlabeled":  # each class has a positive in each list
                lists[key][-1]["label"] = generator.integers(0, 2, 5).tolist() if number else [1] * 5
    DataList(
        task="multilabel",
        labels=tuple("abcde"),
        modality="OT",
        channels=1,
        spatial_dims=2,
        labeled=lists["labeled"],
        unlabeled=lists["unlabeled"],
        validation=lists["validation"],
        test=[],
    ).save(folder)


class _TimedEngine:
    """Stands before an engine while a handler is attached, and adds up the time of what the handler does."""

    def __init__(self, engine: Any, clock: Callable[[], float]) -> None:
        self.engine, self.clock, self.seconds = engine, clock, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def add_event_handler(self, event: Any, handler: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        @functools.wraps(handler)
        def timed(*given: Any, **named: Any) -> None:
            start = self.clock()
            handler(*given, **named)
            self.seconds += self.clock() - start

        return self.engine.add_event_handler(event, timed, *args, **kwargs)


class BundleRun:
    """The trainer of a bundle with its handlers; history and tracker are timed.

    Args:
        name: of the bundle.
        dataset_dir: the data set; the tracker's database lies beside it.
        output_dir: for the history.
        clock: gives the seconds.
        settings: overrides of the configuration.
    """

    def __init__(
        self, name: str, dataset_dir: Path, output_dir: Path, clock: Callable[[], float], **settings: int
    ) -> None:
        parser = ConfigParser()
        parser.read_config(_BUNDLES / name / "configs" / "train.json")
        parser.update(
            {
                "bundle_root": str(_BUNDLES / name),
                "dataset_dir": str(dataset_dir),
                "output_dir": str(output_dir),
                "tracking_uri": f"sqlite:///{dataset_dir}/mlruns.db",  # one for all bundles: making it takes seconds
                "model_dir": str(output_dir),
                "train#trainer#train_handlers": [],
                **settings,
            }
        )
        for handler in parser["train"]["handlers"]:
            if handler["_target_"].split(".")[-1] in _LEFT_OUT:
                handler["_disabled_"] = True
        for section in (
            parser["train"]["dataset"],
            parser["train"]["unlabeled_dataset"],
            parser["validate"]["dataset"],
        ):
            if isinstance(section, dict):  # a bundle without unlabeled images reads none
                section["progress"] = False
        parser.parse()
        self.trainer = parser.get_parsed_content("train#trainer")
        self.learning_rate = parser.get_parsed_content("learning_rate")
        self.decay = parser.get_parsed_content("ema_decay") if "ema_decay" in parser else 0.0
        self._tracking = _TimedEngine(self.trainer, clock)
        for handler in parser.get_parsed_content("train#handlers"):
            handler.attach(self._tracking if type(handler).__name__ in _TRACKING else self.trainer)

    def take_tracking_seconds(self) -> float:
        """The time that history and tracker took since the last call."""
        seconds, self._tracking.seconds = self._tracking.seconds, 0.0
        return seconds
