"""The images and masks of a task of the Medical Segmentation Decathlon."""

from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.msd_description import Description, read_description
from data_prep.datasets.nifti_channels import pick_channels
from data_prep.folder.masks import guess_regions
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["find_images", "read_task"]


def read_task(
    folder: Path,
    rejects: Rejects,
    *,
    output: Path,
    workers: int,
    label_names: Sequence[str] | None = None,
    modalities: Sequence[str] | None = None,
    unlabeled_test: bool = False,
) -> Source:
    """List the images of a task.

    Args:
        folder: such as ``Task04_Hippocampus``.
        rejects: gets what is set aside.
        output: the data set's folder.
        workers: the number of processes.
        label_names: for the values 1, 2... of the masks; None: those of ``dataset.json``, else ``"label 1"``...
        modalities: the channels to use, in this order; None: all.
        unlabeled_test: whether the images of ``imagesTs`` are used as unlabeled ones.

    Raises:
        InputError: when the folder is none of a task, or what is asked for is not there.
    """
    description = read_description(folder)
    images = {path: folder / "labelsTr" / path.name for path in find_images(folder / "imagesTr")}
    for image, label in list(images.items()):
        if not label.is_file():
            rejects.add(f"imagesTr/{image.name}", "there is no file of this name in labelsTr", "Add its label image.")
            del images[image]
    files: dict[Path, Path | None] = {**images}
    if unlabeled_test:
        files |= dict.fromkeys(find_images(folder / "imagesTs"))

    regions = _regions(folder, description, label_names, list(images.values()))
    names = {path: f"{path.parent.name}/{path.name}" for path in files}
    used = {path: path for path in files}
    channels = None if description is None else len(description.channels)
    if modalities is not None:
        if description is None:
            raise InputError(f"{folder}: without dataset.json no modality is known by name. Add it, or use them all.")
        chosen = description.choose(modalities)
        channels = len(chosen)
        if chosen != tuple(range(len(description.channels))):
            used = _picked(list(files), chosen, len(description.channels), names, rejects, output, workers)
    return Source(
        name=folder.absolute().name,
        task="segmentation",
        labels=tuple(regions),
        # The release tells no patients.
        records=[Record(image, names[path], mask=files[path]) for path, image in used.items()],
        masks=regions,
        modality=None if description is None else description.modality,
        channels=channels,
        grouped=False,
        spatial_dims=3,
        tables=[] if description is None else [description.file],
        details={
            "split": "drawn",
            "groups": "not known: each image is one of its own",
            "modalities": list(modalities or (() if description is None else description.channels)),
            "test images": "used unlabeled" if unlabeled_test else "not used",
        },
    )


def find_images(folder: Path) -> list[Path]:
    """The NIfTI files of a folder; what macOS leaves in archives (``._NAME.nii.gz``) is none.

    Raises:
        InputError: when there is none.
    """
    found = sorted(path for path in folder.glob("*.nii*") if not path.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: there is no NIfTI file. Give the folder of a task, with imagesTr and labelsTr.")
    return found


def _regions(
    folder: Path, description: Description | None, names: Sequence[str] | None, masks: Sequence[Path]
) -> dict[str, list[int]]:
    """The value of each region in the masks."""
    if names is not None:
        return {name: [value] for value, name in enumerate(names, start=1)}
    if description is not None:
        return {name: [value] for name, value in description.labels.items()}
    return guess_regions(masks, folder / "labelsTr")


def _picked(
    files: Sequence[Path],
    chosen: tuple[int, ...],
    total: int,
    names: dict[Path, str],
    rejects: Rejects,
    output: Path,
    workers: int,
) -> dict[Path, Path]:
    """The files with the chosen channels only, by the original ones."""
    used = {}
    for path, result in zip(files, pick_channels(files, chosen, total, output=output, workers=workers), strict=True):
        if isinstance(result, InputError):
            rejects.add_error(names[path], str(result))
        else:
            used[path] = result
    return used
