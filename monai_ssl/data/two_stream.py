"""Two-stream loading: each batch holds labeled and unlabeled images, each with several augmented views."""

import logging
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import torch
from monai.transforms import Compose, Randomizable
from torch.utils.data import ConcatDataset, DataLoader

from monai_ssl.data.batches import Batches, Crop, Stream, Transform
from monai_ssl.data.stream_order import PlanSampler
from monai_ssl.distributed import count_processes
from monai_ssl.errors import InputError

__all__ = ["TwoStreamLoader"]

logger = logging.getLogger(__name__)

LABELED, UNLABELED = "labeled", "unlabeled"
# All that is ever read of an item. Labels that an unlabeled image might have are not among it.
KEYS = {LABELED: ("image", "label"), UNLABELED: ("image",)}
PSEUDO_LABEL = "pseudo_label"
MASK = "mask"


class TwoStreamLoader(DataLoader):
    """A ``DataLoader`` whose batches are ``{"labeled": views, "unlabeled": views}``.

    Each stream is a list of ``views`` dictionaries of batched tensors: view ``v`` has the same images as view 0 with
    another augmentation. An epoch ends when the longer stream has been seen once; the shorter one goes on where it was,
    and a pool smaller than a batch repeats itself. Order and augmentation are a function of seed, epoch and rank: call
    :meth:`set_epoch` (the trainer does) and a resumed run continues the same order. Under distributed training each
    process takes its share of both streams, and ``len`` counts the joint batches.

    A batch is made in this order: each image is loaded and, with ``crops``, cut to patches; those of a stream are
    stacked; ``shared`` transforms the stack; ``transforms`` make each view of it. So the crop and ``shared`` are the
    same for all views, which stay aligned voxel by voxel unless their own transforms move them.

    Random transforms belong into these three, not into the datasets', where they would not follow the seed.

    Args:
        labeled: a dataset of dictionaries with ``"image"`` and ``"label"``.
        unlabeled: a dataset of dictionaries with ``"image"``. Other keys are never read, but for ``pseudo_labels``.
        batch_size: labeled images a batch.
        unlabeled_batch_size: unlabeled images a batch, for methods that use any.
        num_views: views by stream, a method's ``views``; a stream with 0 is not loaded, though it still counts for the
            length of an epoch, so that methods are compared at equal numbers of steps.
        transforms: what makes a view of a *batch*: a dictionary transform for all views, or a list with one a view
            (weak and strong, say), used for both streams. Random ones follow the seed as MONAI's ``Randomizable`` do,
            and none may change its input in place. Per-image transforms come in with ``EachImage``.
        seed: seed of the order and the augmentation, at least 0.
        num_workers: processes that prepare batches; they live on from epoch to epoch.
        pin_memory: as for any ``DataLoader``; it has no effect with a ``device``.
        device: where to move the images before their views are made, with ``num_workers`` 0. A GPU makes the views of
            large images faster, and an image is copied to it once for all of its views. Parameters are drawn as on the
            CPU. By default views are made on the CPU. Patches are cut before.
        crops: by stream, a random dictionary transform of one image, such as MONAI's ``RandSpatialCropd`` or this
            project's ``RandForegroundCropd``, that changes nothing in place. It sees the keys of the stream alone, so
            that unlabeled images cannot be cropped by a label. Each image of a batch gets a crop of its own. A list
            of patches as the result (``num_samples``) adds all of them to the batch, which then has that many times
            the batch size. A stream without one is not cropped.
        shared: a transform of a batch, as ``transforms`` are, whose result all views of the batch are made of.
        pseudo_labels: whether unlabeled images have the key ``"pseudo_label"``, and are loaded with it.
        masks: whether labeled images have the key ``"mask"`` beside their label, and are loaded with it.

    Raises:
        InputError: for an empty pool that is needed, or random transforms in a dataset; while iterating, for an image
            without a label in ``labeled`` (or without a pseudo-label, with ``pseudo_labels``), images of different
            shapes, and a crop that asks for what its images do not have.
        ValueError: for a batch size below 1, views of other streams or of none, crops of other streams, fewer
            transforms than views, or a device together with worker processes.
    """

    def __init__(
        self,
        labeled: Any,
        unlabeled: Any,
        batch_size: int,
        unlabeled_batch_size: int,
        num_views: Mapping[str, int],
        transforms: Transform | Sequence[Transform] | None = None,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
        device: str | torch.device | None = None,
        crops: Mapping[str, Crop | None] | None = None,
        shared: Transform | None = None,
        pseudo_labels: bool = False,
        masks: bool = False,
    ) -> None:
        pools: dict[str, Sized] = {LABELED: labeled, UNLABELED: unlabeled}
        batch_sizes = {LABELED: batch_size, UNLABELED: unlabeled_batch_size}
        for name, size in batch_sizes.items():
            if size < 1:
                raise ValueError(f"The {name} batch size must be at least 1, got {size!r}.")
        if set(num_views) != set(pools) or min(num_views.values()) < 0 or max(num_views.values()) < 1:
            raise ValueError(f"`num_views` must give the views of {LABELED} and {UNLABELED}, got {dict(num_views)!r}.")
        if device is not None and num_workers:
            raise ValueError(
                f"Views are made on {device} by this process alone: `num_workers` must be 0 with `device`."
            )
        crops = crops or {}
        if not set(crops) <= set(pools):
            raise ValueError(f"`crops` must be by {LABELED} and {UNLABELED}, got {sorted(crops)}.")
        used = {name: pool for name, pool in pools.items() if num_views[name]}
        for name, pool in used.items():
            _check_pool(name, pool)
        keys = dict(KEYS)
        if pseudo_labels:
            keys[UNLABELED] += (PSEUDO_LABEL,)
        if masks:
            keys[LABELED] += (MASK,)
        streams = {
            name: Stream(number, pools[name], keys[name], _one_a_view(transforms, num_views[name]), crops.get(name))
            for number, name in enumerate(pools)
            if name in used
        }
        processes = count_processes()
        for name, pool in used.items():
            if len(pool) < batch_sizes[name] * processes:
                logger.warning(
                    "There are only %d %s images for batches of %d: a batch has the same image more than once. Give a "
                    "smaller batch size if that is not wanted.",
                    len(pool),
                    name,
                    batch_sizes[name] * processes,
                )
        length = max(-(-len(pool) // (batch_sizes[name] * processes)) for name, pool in pools.items())
        self.plans = PlanSampler({name: len(pool) for name, pool in used.items()}, batch_sizes, length, seed)
        super().__init__(
            Batches(streams, shared, device),
            batch_size=None,
            sampler=self.plans,
            num_workers=num_workers,
            pin_memory=pin_memory and device is None,
            persistent_workers=num_workers > 0,
            # Its own, so that making an iterator does not draw from the global random state, which a resume restores.
            generator=torch.Generator().manual_seed(seed),
        )

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch, counted from 0, the next iteration over the loader is."""
        self.plans.epoch = epoch


def _check_pool(name: str, pool: Any) -> None:
    if not len(pool):
        raise InputError(
            f"The list of {name} images is empty, and this method needs one. Add {name} images to the data list, or "
            "use a method that does without (the bundle `supervised` needs no unlabeled images)."
        )
    random = _find_random_in(pool)
    if random:
        raise InputError(
            f"The {name} data set's preprocessing has the random transform {random}, which would not follow the run's "
            "seed. Move it to the views' transforms, or a crop to `crops`."
        )


def _find_random_in(pool: Any) -> str | None:
    if isinstance(pool, ConcatDataset):
        return next(filter(None, map(_find_random_in, pool.datasets)), None)
    return _find_random(getattr(pool, "transform", None))


def _find_random(transform: Any) -> str | None:
    """The name of the first random transform; a ``Compose`` is one only if it has one."""
    if type(transform) is Compose:
        return next(filter(None, map(_find_random, transform.transforms)), None)
    return type(transform).__name__ if isinstance(transform, Randomizable) else None


def _one_a_view(transforms: Transform | Sequence[Transform] | None, count: int) -> list[Transform | None]:
    if transforms is None or callable(transforms):
        return [transforms] * count
    if len(transforms) < count:
        raise ValueError(f"The method asks for {count} views, but `transforms` is a list of {len(transforms)}.")
    return list(transforms[:count])
