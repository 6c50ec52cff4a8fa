"""Engines whose numbers can be told beforehand: a weight that counts steps, metrics that are given."""

import math
from typing import ClassVar

import torch
from ignite.engine import Events
from monai.engines import Evaluator
from torch import nn

from monai_ssl.engines import SemiSupervisedTrainer
from monai_ssl.methods import Method

IMAGES = 2


class Counter(Method):
    """One weight; with stochastic gradient descent at learning rate 1 it grows by the images' mean at each step."""

    views: ClassVar = {"labeled": 1, "unlabeled": 0}
    loss_names: ClassVar = {"losses": ("count",)}

    def __init__(self):
        super().__init__("multilabel")
        self.weight = nn.Parameter(torch.zeros(()))

    @property
    def candidates(self):
        return {"network": self}

    def losses(self, batch):
        return {"count": -self.weight * batch["labeled"][0]["image"].mean()}


def ones(value=1.0):
    """A batch of two images."""
    return {"labeled": [{"image": torch.full((IMAGES, 1), value)}]}


def counter_trainer(handlers=(), max_epochs=2, data=None, method=None, weight=1.0, momentum=0.0, **kwargs):
    """A trainer that counts: by default two epochs of three iterations."""
    method = method or Counter()
    return SemiSupervisedTrainer(
        "cpu",
        max_epochs,
        data if data is not None else [ones() for _ in range(3)],
        method,
        torch.optim.SGD(method.parameters(), lr=1.0, momentum=momentum),
        {"count": weight},
        train_handlers=handlers,
        **kwargs,
    )


class ScriptedEvaluator(Evaluator):
    """Its metrics are those given for the epoch."""

    def __init__(self, script, handlers=()):
        super().__init__("cpu", [torch.zeros(1)], val_handlers=handlers)
        self.script = script
        self.add_event_handler(Events.EPOCH_COMPLETED, self._say)

    def _iteration(self, engine, batchdata):
        return {}

    def _say(self):
        self.state.metrics = dict(self.script[self.state.epoch])


def same_bits(first, second):
    """Whether two state dictionaries are equal, bit for bit."""
    return first.keys() == second.keys() and all(
        torch.equal(value, second[name]) and not math.isnan(float(value.double().sum()))
        for name, value in first.items()
    )
