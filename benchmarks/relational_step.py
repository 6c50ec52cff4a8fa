"""What the relational and contrastive losses add to a step of Mean Teacher, at the same number of images forward.

Run with ``python -m benchmarks.relational_step``. A step is forward, losses, backward, Adam and EMA update on images
that lie ready in memory, with the network of the bundles. An image counts as often as it passes through a network,
which is twice in Mean Teacher and SRC (student and teacher), three times in SRCL-Joint (the student sees both views)
and twice in pre-training; each method gets the batch that makes as many images forward as nearly as can be. Passes with
gradient cost about three times the others: of these pre-training has nothing else.
"""

import argparse
from collections.abc import Callable, Sequence

import torch
from monai.networks.nets import ResNet
from torch import Tensor, nn

from benchmarks.bare_loops import average
from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.losses import BrierLoss
from monai_ssl.methods import SRC, SRCL, ContrastivePretraining, MeanTeacher, Method
from monai_ssl.networks import LayerFeatures, ProjectionHead

CLASSES = 7
PASSES = {"mean_teacher": (1, 1), "src": (1, 1), "srcl_joint": (2, 1), "pre-training": (2, 0)}
"""How often a step has each image forward, with gradient and without."""


def make(name: str) -> Method:
    """A method on the bundles' network for RGB images, with the losses of the bundle ``srcl``."""
    network = ResNet("basic", [1] * 4, [32, 64, 128, 256], 2, 3, conv1_t_size=3, num_classes=CLASSES)
    features, head, loss = LayerFeatures("layer4"), ProjectionHead(256), BrierLoss("multiclass")
    if name == "mean_teacher":
        return MeanTeacher(network, "multiclass", supervised_loss=loss)
    if name == "src":
        return SRC(network, features, "multiclass", supervised_loss=loss)
    if name == "srcl_joint":
        return SRCL(network, head, features, "multiclass", supervised_loss=loss)
    return ContrastivePretraining(network, head, features, "multiclass")


def batch_of(images: int, size: int, device: str) -> dict[str, list[dict[str, Tensor]]]:
    """Two views of random images, half of them labeled."""
    views: dict[str, list[dict[str, Tensor]]] = {}
    for stream, count in (("labeled", images // 2), ("unlabeled", images - images // 2)):
        views[stream] = [{"image": torch.rand(count, 3, size, size, device=device)} for _ in range(2)]
    label = torch.arange(images // 2, device=device) % CLASSES
    for view in views["labeled"]:
        view["label"] = label
    return views


def stepper(method: Method, batch: dict[str, list[dict[str, Tensor]]]) -> Callable[[], None]:
    optimizer = torch.optim.Adam(method.trainable_parameters(), lr=1e-3)
    teacher: nn.Module | None = getattr(method, "teacher", None)

    def step() -> None:
        optimizer.zero_grad()
        sum(method(batch).values(), start=torch.zeros(())).backward()
        optimizer.step()
        if teacher is not None:
            average(teacher, method.get_submodule("student"), 0.99)
        if next(method.parameters()).is_cuda:
            torch.cuda.synchronize()

    return step


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="SRC, SRCL-Joint and pre-training beside Mean Teacher.")
    add_arguments(parser, repeats=15)
    parser.add_argument("--images", type=int, default=96, help="images forward in a step (%(default)s)")
    parser.add_argument("--image_size", type=int, default=64, help="height and width in pixels (%(default)s)")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    batches = {name: max(options.images // sum(passes), 2) for name, passes in PASSES.items()}
    ways = {
        name: stepper(make(name).to(options.device).train(), batch_of(batch, options.image_size, options.device))
        for name, batch in batches.items()
    }
    print(f"median of {options.repeats} steps, {options.image_size} x {options.image_size}, {conditions()}\n")
    print(f"{'':14s}{'batch':>7s}{'forward':>9s}{'with gradient':>15s}{'ms':>9s}{'of Mean Teacher':>17s}")
    times = alternate(ways, options.repeats)
    for name, seconds in times.items():
        batch, passes = batches[name], PASSES[name]
        counts = f"{batch:7d}{batch * sum(passes):9d}{batch * passes[0]:15d}"
        print(f"{name:14s}{counts}{1000 * seconds:9.1f}{seconds / times['mean_teacher']:17.3f}")


if __name__ == "__main__":
    main()
