"""Pseudo-labels that are masks: files that any viewer shows, and that may be corrected there."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from ignite import distributed as idist
from torch import Tensor

from monai_ssl.data.datalist_entries import image_paths
from monai_ssl.errors import InputError
from monai_ssl.files import file_sha256
from monai_ssl.masks import MaskCoding, MaskForm
from monai_ssl.pseudo_labels.journal import FoundLabel, PseudoLabelRecord
from monai_ssl.pseudo_labels.names import Place, stem_of
from monai_ssl.pseudo_labels.probabilities import check_probabilities, decided_probabilities
from monai_ssl.pseudo_labels.strangers import refuse_strangers
from monai_ssl.readers import read_image
from monai_ssl.readers.grids import check_one_grid
from monai_ssl.readers.mask import read_mask
from monai_ssl.writers.mask import mask_suffix, write_map, write_mask
from monai_ssl.writers.probabilities import write_probabilities

__all__ = ["PseudoMasks"]

_DRAFTS = ".unfinished"


class PseudoMasks:
    """The masks of a folder, ``<patient>.nii.gz`` or ``.png``, each in the geometry of its image.

    Args:
        folder: where they are.
        regions: as in a data list's ``masks``.
        form: what the teacher's channels are, see :class:`~monai_ssl.masks.MaskCoding`.
        soft: whether to keep the probabilities too, as ``<patient>_probabilities.nii.gz``.
        confidence_maps: whether to keep ``<patient>_confidence.nii.gz`` or ``.png`` too: at each position the
            probability of its value, for regions that of the least certain region's membership in the mask.
    """

    def __init__(
        self, folder: Path, regions: Mapping[str, Sequence[int]], form: MaskForm, soft: bool, confidence_maps: bool
    ) -> None:
        self.folder = folder
        self.regions = regions
        self.coding = MaskCoding(regions, form)
        self.soft = soft
        self.confidence_maps = confidence_maps

    def make(
        self,
        entry: Mapping[str, Any],
        key: str,
        place: Place,
        probabilities: Tensor,
        recorded: Callable[[], Sequence[PseudoLabelRecord]],
    ) -> PseudoLabelRecord:
        """Write the mask of an image, but not yet under its name: :meth:`publish` does that once the record is kept.

        So a file without a record was not made here, and one that differs from its records was changed by hand.

        Args:
            entry: of the data list.
            key: of the entry.
            place: gives number and stem.
            probabilities: (K, *spatial) on the grid of the image as it is read.
            recorded: gives the records of all processes.

        Raises:
            InputError: for what are no probabilities, or where a file would be lost that was not made here.
        """
        like = image_paths(entry)[0]
        p = check_probabilities(probabilities, self.coding.num_outputs, self.coding.task, like)
        values = self.coding.decode(p)
        if self.coding.form == "regions":
            confidence = decided_probabilities(p, self.coding.regions_of(values))
        else:
            p = _with_outside(p)
            confidence = p.gather(0, self.coding.encode(values[0]).long())[0]
        file = place.stem + mask_suffix(like)
        mask, confidence_map, soft_mask = (self._drafts / name for name in _names(file))
        write_mask(mask, values[0].cpu(), like)
        digest = file_sha256(mask)
        self._protect(self.folder / file, digest, recorded)
        if self.confidence_maps:
            write_map(confidence_map, confidence.cpu(), like)
        if self.soft:
            write_probabilities(soft_mask, p.cpu(), like)
        found, counts = values.unique(return_counts=True)
        return PseudoLabelRecord(
            key=key,
            number=place.number,
            patient=entry["patient"],
            confidence=confidence.double().mean().item(),
            file=file,
            sha256=digest,
            voxels={str(value): count for value, count in zip(found.tolist(), counts.tolist(), strict=True)},
        )

    def publish(self, record: PseudoLabelRecord) -> None:
        """Put a mask in its place, after what lies beside it: a mask that is there is complete."""
        mask, confidence_map, soft_mask = _names(record.file)
        for name in (*([confidence_map] * self.confidence_maps), *([soft_mask] * self.soft), mask):
            (self._drafts / name).replace(self.folder / name)

    def settle(self, _records: Sequence[PseudoLabelRecord]) -> None:
        """Remove what a killed run has left unfinished."""
        shutil.rmtree(self.folder / _DRAFTS, ignore_errors=True)

    def present(self, records: Sequence[PseudoLabelRecord]) -> set[str]:
        """The keys of those whose mask is there."""
        names = {path.name for path in self.folder.glob("*")}
        return {record.key for record in records if record.file in names}

    def read(self, records: Sequence[PseudoLabelRecord]) -> dict[str, FoundLabel]:
        """The masks that are there, by key."""
        written = defaultdict(set)
        for record in records:
            written[record.file].add(record.sha256)
        there, found = self.present(records), {}
        for record in {record.key: record for record in records if record.key in there}.values():
            digest = file_sha256(self.folder / record.file)
            corrected = digest not in written[record.file]
            mask, _, soft_mask = _names(record.file)
            name = soft_mask if self.soft and not corrected else mask
            found[record.key] = FoundLabel(str(self.folder / name), corrected, digest)
        return found

    def describe(self, record: PseudoLabelRecord) -> str:
        """What the pseudo-label of an image is called in messages."""
        return str(self.folder / record.file)

    def check_folder(self, records: Sequence[PseudoLabelRecord]) -> None:
        """Make sure that all masks of the folder are of records.

        Raises:
            InputError: when one is not.
        """
        refuse_strangers(self.folder, {name for record in records for name in _names(record.file)})

    def check(self, entry: Mapping[str, Any], found: FoundLabel) -> None:
        """Check a mask that was corrected by hand, or the file of probabilities of another.

        Raises:
            InputError: for a mask on another grid than the image, or with unknown values; for a file that is missing.
        """
        if not found.corrected:
            if not Path(found.value).is_file():
                raise InputError(
                    f"{found.value}: this file is missing. Put it back, or remove the mask beside it and run the "
                    "pseudo-labeling again, which makes both."
                )
            return
        image = image_paths(entry)[0]
        mask, shape = read_mask(found.value), read_image(image, windows=("raw",)).shape[1:]
        if mask.shape != shape:
            raise InputError(
                f"{found.value}: this corrected mask has the shape {mask.shape}, its image {image} {shape}. Save it on "
                "the grid of the image."
            )
        check_one_grid([image, found.value])
        try:
            self.coding.encode(mask)
        except InputError as error:
            raise InputError(f"{found.value}: {error}") from None

    def remove(self, records: Sequence[PseudoLabelRecord]) -> None:
        """Remove the masks and what lies beside them."""
        for file in {record.file for record in records}:
            for name in _names(file):
                (self.folder / name).unlink(missing_ok=True)

    def summary(self, records: Sequence[PseudoLabelRecord]) -> dict[str, float]:
        """The fraction of all voxels that are of each region."""
        voxels: Counter[int] = Counter()
        for record in records:
            voxels.update({int(value): count for value, count in (record.voxels or {}).items()})
        return {
            name: sum(voxels[value] for value in set(values)) / voxels.total() for name, values in self.regions.items()
        }

    @property
    def _drafts(self) -> Path:
        """A folder of each process: two may work at one image, as samplers repeat some."""
        return self.folder / _DRAFTS / str(idist.get_rank())

    def _protect(self, target: Path, digest: str, recorded: Callable[[], Sequence[PseudoLabelRecord]]) -> None:
        """Refuse to write over a file that was not made here, or was changed since."""
        if not target.exists() or (existing := file_sha256(target)) == digest:
            return
        if existing not in {record.sha256 for record in recorded() if record.file == target.name}:
            raise InputError(
                f"{target}: a pseudo-label is to be written here, but this file was not made by this teacher, or was "
                "corrected since. Move it away, or choose another folder."
            )


def _names(file: str) -> tuple[str, str, str]:
    """A mask, its map of confidence and its probabilities."""
    stem = stem_of(file)
    return file, f"{stem}_confidence{file.removeprefix(stem)}", f"{stem}_probabilities.nii.gz"


def _with_outside(probabilities: Tensor) -> Tensor:
    """Background where there are no probabilities: a crop that was undone leaves zeros around it."""
    rest = (1 - probabilities.sum(dim=0, keepdim=True)).clamp(min=0)
    completed = torch.cat([probabilities[:1] + rest, probabilities[1:]])
    return completed / completed.sum(dim=0, keepdim=True)
