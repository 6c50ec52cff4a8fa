"""Small data sets in the form of the real releases, with contents that a network can be trained on."""

import gzip
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES
from data_prep.demo.dicom import write_slice
from data_prep.demo.scanners import SCANNERS

__all__ = ["RELEASES"]

NIH_HEADER = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position"
ISIC_CLASSES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def blob(*shape: int, values: tuple[int, ...] = (1,)) -> np.ndarray:
    """A mask with nested boxes of the values, the last one innermost."""
    mask = np.zeros(shape, dtype=np.uint8)
    for depth, value in enumerate(values, start=1):
        mask[tuple(slice(depth, size - depth) for size in shape)] = value
    return mask


def picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def volume(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 2.0, 1.0])), path)


def rsna(folder: Path) -> None:
    """20 patients of two slices; slice i shows the type i modulo 6, the sixth being none."""
    (folder / "stage_2_train").mkdir()
    rows = ["ID,Label"]
    for index in range(40):
        name = f"ID_{index:09x}"
        shown = [int(index % 6 == number) for number in range(5)]
        rows += [f"{name}_{kind},{value}" for kind, value in zip(HEMORRHAGE_TYPES, shown, strict=True)]
        rows.append(f"{name}_any,{max(shown)}")
        stored = SCANNERS[0].store(np.random.default_rng(index).normal(40, 30, (1, 24, 24)))[0]
        write_slice(
            folder / f"stage_2_train/{name}.dcm",
            stored,
            SCANNERS[0],
            series=(f"PATIENT{index // 2}",),
            number=1 + index % 2,
            level=5.0 * (index % 2),
            spacing=(5.0, 1.0, 1.0),
        )
    (folder / "stage_2_train.csv").write_text("\n".join(rows) + "\n")


def nih14(folder: Path) -> None:
    """20 patients of two radiographs; the official test list has the last four patients."""
    findings = ("Mass", "Effusion|Mass", "No Finding", "Hernia|Effusion")
    rows, train, test = [NIH_HEADER], [], []
    for index in range(40):
        name = f"{index // 2:08d}_{index % 2:03d}.png"
        rows.append(f"{name},{findings[index % 4]},{index % 2},{index // 2},60,F,PA")
        picture(folder / "images_001/images" / name, noise(index, 40, 36))
        (train if index < 32 else test).append(name)
    (folder / "Data_Entry_2017_v2020.csv").write_text("\n".join(rows) + "\n")
    (folder / "train_val_list.txt").write_text("\n".join(train) + "\n")
    (folder / "test_list.txt").write_text("\n".join(test) + "\n")


def isic2018(folder: Path) -> None:
    """42 images of 21 lesions."""
    truth = folder / "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv"
    rows, lesions = ["image," + ",".join(ISIC_CLASSES)], ["image,lesion_id,diagnosis_confirm_type"]
    for index in range(42):
        name, kind = f"ISIC_{index:07d}", index // 2 % 7
        rows.append(",".join([name, *(str(float(kind == number)) for number in range(7))]))
        lesions.append(f"{name},HAM_{index // 2:07d},histopathology")
        picture(folder / f"ISIC2018_Task3_Training_Input/{name}.jpg", noise(index, 30, 40, 3))
        picture(folder / f"ISIC2018_Task1_Training_GroundTruth/{name}_segmentation.png", blob(30, 40, values=(255,)))
    truth.parent.mkdir()
    truth.write_text("\n".join(rows) + "\n")
    (folder / "ISIC2018_Task3_Training_LesionGroupings.csv").write_text("\n".join(lesions) + "\n")


def chest(folder: Path) -> None:
    """Montgomery with two masks, Shenzhen with one or none, JSRT with raw files and GIF masks."""
    for index in range(12):
        name = f"MCUCXR_{index:04d}_{index % 2}.png"
        picture(folder / "MontgomerySet/CXR_png" / name, noise(index, 48, 40))
        for side in ("left", "right"):
            mask = blob(48, 20, values=(255,))
            halves = [mask, np.zeros_like(mask)]
            both = np.concatenate(halves if side == "right" else halves[::-1], axis=1)
            picture(folder / f"MontgomerySet/ManualMask/{side}Mask" / name, both)
        name = f"CHNCXR_{index:04d}_{index % 2}"
        picture(folder / f"ChinaSet_AllFiles/CXR_png/{name}.png", noise(100 + index, 44, 44, 3))
        if index < 8:
            picture(folder / f"ChinaSet_AllFiles/mask/{name}_mask.png", blob(44, 44, values=(255,)))
    raw = folder / "All247images"
    raw.mkdir()
    for index in range(4):
        name = f"JPC{'LN' if index % 2 else 'NN'}{index + 1:03d}"
        pixels = np.random.default_rng(index).integers(0, 4096, (2048, 2048), dtype=np.uint16)
        (raw / f"{name}.IMG").write_bytes(pixels.astype(">u2").tobytes())
        for side in ("left", "right"):
            picture(folder / f"scratch/fold1/masks/{side} lung/{name}.gif", blob(1024, 1024, values=(255,)))


def spine(folder: Path) -> None:
    """10 radiographs of four vertebrae, of which one has no row."""
    rows = ["image,vertebra,abnormal"]
    for index in range(10):
        picture(folder / f"images/x{index}.png", noise(index, 90, 50))
        mask = np.zeros((90, 50), dtype=np.uint8)
        for vertebra in range(4):
            mask[10 + 20 * vertebra : 24 + 20 * vertebra, 15 : 30 + vertebra] = vertebra + 1
            if vertebra < 3:
                rows.append(f"x{index},{vertebra + 1},{(index + vertebra) % 2}")
        picture(folder / f"masks/x{index}.png", mask)
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


def brats(folder: Path) -> None:
    """12 subjects with four modalities, labels 1, 2 and 4; two more without a mask."""
    for index in range(14):
        subject = f"Brats18_TCIA{index:02d}_100_1"
        inside = folder / ("HGG" if index % 2 else "LGG") / subject
        for number, modality in enumerate(("flair", "t1", "t1ce", "t2")):
            values = np.random.default_rng([index, number]).normal(100, 20, (12, 14, 10)).astype(np.int16)
            volume(inside / f"{subject}_{modality}.nii.gz", values)
        if index < 12:
            volume(inside / f"{subject}_seg.nii.gz", blob(12, 14, 10, values=(2, 1, 4)))


def la(folder: Path) -> None:
    import h5py

    for index in range(10):
        subject = folder / f"SUBJECT{index:02d}"
        subject.mkdir()
        with h5py.File(subject / "mri_norm2.h5", "w") as file:
            file["image"] = np.random.default_rng(index).normal(size=(14, 12, 10)).astype(np.float32)
            file["label"] = blob(14, 12, 10)


def hippocampus(folder: Path) -> None:
    for index in range(10):
        name = f"hippocampus_{index:03d}.nii.gz"
        volume(folder / "imagesTr" / name, np.random.default_rng(index).normal(9, 2, (10, 12, 9)).astype(np.float32))
        volume(folder / "labelsTr" / name, blob(10, 12, 9, values=(1, 2)))


def medmnist(folder: Path) -> None:
    """NoduleMNIST3D: volumes with two classes."""
    counts = {"train": 16, "val": 6, "test": 6}
    arrays = {}
    for number, (split, count) in enumerate(counts.items()):
        arrays[f"{split}_images"] = noise(number, count, 12, 12, 12)
        arrays[f"{split}_labels"] = (np.arange(count)[:, None] % 2).astype(np.uint8)
    np.savez(folder / "nodulemnist3d.npz", **arrays)


def cifar10(folder: Path) -> None:
    inner = folder / "cifar-10-batches-py"
    inner.mkdir()
    for number, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        content = {b"labels": list(range(10)), b"data": noise(number, 10, 3072), b"filenames": [b"a.png"] * 10}
        with (inner / name).open("wb") as file:
            pickle.dump(content, file, protocol=2)


def mnist(folder: Path) -> None:
    for part, count, seed in (("train", 40, 0), ("t10k", 10, 1)):
        images = struct.pack(">4I", 2051, count, 28, 28) + noise(seed, count, 28, 28).tobytes()
        labels = struct.pack(">2I", 2049, count) + bytes(index % 10 for index in range(count))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


RELEASES: dict[str, Callable[[Path], None]] = {
    "rsna": rsna,
    "nih14": nih14,
    "isic2018": isic2018,
    "chest": chest,
    "spine": spine,
    "brats": brats,
    "la": la,
    "hippocampus": hippocampus,
    "medmnist": medmnist,
    "cifar10": cifar10,
    "mnist": mnist,
}
"""A function for each data set that writes it to a folder."""
