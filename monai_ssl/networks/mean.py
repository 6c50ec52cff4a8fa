"""Several networks as one: the mean of their probabilities."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_ssl.tasks import Task, check_task

__all__ = ["MeanProbability"]


class MeanProbability(nn.Module):
    """Average the networks' probabilities and give the average as logits.

    Logits, so that whatever follows a single network (activation, export, MONAI Label) fits this one too:
    ``sigmoid(output) = mean_n sigmoid(f_n)`` for ``"multilabel"``, ``softmax(output) = mean_n softmax(f_n)`` for
    ``"multiclass"``. Worked out from log-probabilities: certain networks do not give infinities.

    Args:
        networks: by name; each maps an image to logits ``(B, C, *spatial)``.
        task: which probabilities the logits stand for.

    Raises:
        ValueError: for an unknown task or no network.
    """

    def __init__(self, networks: Mapping[str, nn.Module], task: Task) -> None:
        super().__init__()
        check_task(task)
        if not networks:
            raise ValueError("`networks` must name at least one network.")
        self.networks = nn.ModuleDict(networks)
        self.task = task

    def forward(self, image: Tensor) -> Tensor:
        """Return logits ``(B, C, *spatial)``."""
        logits = torch.stack([network(image) for network in self.networks.values()])
        # The constant log(N) of both means cancels in a logit, and softmax does not see it.
        if self.task == "multilabel":
            # log sigmoid(x) = -softplus(-x): ONNX has no logarithm of a sigmoid, and the sigmoid of its runtime is 0
            # below -18.
            return (-F.softplus(-logits)).logsumexp(dim=0) - (-F.softplus(logits)).logsumexp(dim=0)
        return logits.log_softmax(dim=2).logsumexp(dim=0)
