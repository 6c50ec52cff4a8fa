"""Small networks and batches for the tests of methods and engines."""

import torch
from torch import nn

from monai_ssl.losses import RobustLoss
from monai_ssl.methods import (
    S2MTL,
    S4MTL,
    SRC,
    SRCL,
    UMTL,
    ContrastivePretraining,
    ConvNet,
    JointMethod,
    MeanTeacher,
    NoTeacher,
    RobustPseudoLabel,
    Supervised,
    UNetAlone,
)
from monai_ssl.networks import (
    BranchedNetwork,
    ClassDiscriminator,
    GeneratorAndDiscriminator,
    LayerFeatures,
    OneTask,
    ProjectionHead,
)

CLASSES = 3


def network(spatial_dims: int = 2, dense: bool = False, channels: int = 1, outputs: int = CLASSES) -> nn.Module:
    """A network without BatchNorm, whose output does not depend on the rest of the batch."""
    conv = nn.Conv2d if spatial_dims == 2 else nn.Conv3d
    pool = nn.AdaptiveAvgPool2d if spatial_dims == 2 else nn.AdaptiveAvgPool3d
    body = [conv(channels, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.ReLU()]
    return (
        nn.Sequential(*body, conv(4, outputs, 1))
        if dense
        else nn.Sequential(*body, pool(2), nn.Flatten(), nn.Linear(4 * 2**spatial_dims, outputs))
    )


def make(name: str, task: str = "multilabel", **kwargs):
    """A method by name on toy networks."""
    if name == "supervised":
        return Supervised(network(**kwargs), task)
    if name == "mean_teacher":
        return MeanTeacher(network(**kwargs), task)
    if name == "src":
        return SRC(network(**kwargs), LayerFeatures("2"), task)
    if name == "srcl":
        return SRCL(network(**kwargs), ProjectionHead(4, (6, 5)), LayerFeatures("2"), task)
    if name == "contrastive":
        return ContrastivePretraining(network(**kwargs), ProjectionHead(4, (6, 5)), LayerFeatures("2"), task)
    if name == "robust_pseudo_label":
        return RobustPseudoLabel(network(**kwargs), task, RobustLoss("gce", task))
    if name in ("s2mtl", "s4mtl"):
        discriminator = ClassDiscriminator(network(channels=1 + CLASSES, outputs=CLASSES + 1 + 6), CLASSES, 6)
        pair = GeneratorAndDiscriminator(network(dense=True), discriminator, task)
        return {"s2mtl": S2MTL, "s4mtl": S4MTL}[name](pair)
    if name in ("umtl", "unet"):
        both = BranchedNetwork(network(dense=True), "2", CLASSES, (1, 8, 8))
        return {"umtl": UMTL, "unet": UNetAlone}[name](both, task)
    if name == "convnet":
        return ConvNet(OneTask(network(), "diagnosis"), task)
    return NoTeacher(network(**kwargs), network(**kwargs), task)


def batch(method, task="multilabel", labeled=4, unlabeled=6, spatial_dims=2, dense=False, size=8, seed=0):
    """A random two-stream batch with the views, and the pseudo-labels, that the method asks for."""
    generator = torch.Generator().manual_seed(seed)
    spatial = (size,) * spatial_dims
    shape = spatial if dense else ()

    def labels(count):
        if task == "multilabel":
            return torch.randint(0, 2, (count, CLASSES, *shape), generator=generator).float()
        return torch.randint(0, CLASSES, (count, *shape), generator=generator).float()

    joint = isinstance(method, JointMethod)
    label = torch.randint(0, CLASSES, (labeled, 1), generator=generator).float() if joint else labels(labeled)
    result = {}
    for stream, count in {"labeled": labeled, "unlabeled": unlabeled}.items():
        views = [{"image": torch.rand((count, 1, *spatial), generator=generator)} for _ in range(method.views[stream])]
        if stream == "labeled":
            views = [{**view, "label": label} for view in views]
            if joint:
                channels = CLASSES if task == "multilabel" else 1
                mask = torch.randint(
                    0, 2 if task == "multilabel" else CLASSES, (labeled, channels, *spatial), generator=generator
                )
                views = [{**view, "mask": mask.float()} for view in views]
        if views:
            result[stream] = views
    if isinstance(method, RobustPseudoLabel):
        result["unlabeled"][0]["pseudo_label"] = labels(unlabeled)
    return result
