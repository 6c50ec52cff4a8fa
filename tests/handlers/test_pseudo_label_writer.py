"""Pseudo-labels that an evaluator makes, in one process and in two."""

import json
import logging
import time

import nibabel as nib
import numpy as np
import pytest
import torch
from ignite import distributed as idist
from ignite.engine import Engine
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator
from monai.transforms import Activationsd, Compose, CopyItemsd, Invertd, Lambdad, Resized

from monai_ssl.distributed import in_first_process
from monai_ssl.errors import InputError
from monai_ssl.handlers import PseudoLabelWriter
from monai_ssl.readers.mask import read_mask
from monai_ssl.transforms import LoadRadiologyImaged
from tests.pseudo_labels.pseudo import AFFINE, files, labels, nifti_entries, probabilities, teacher

PATIENTS = ["a", "a", "b", "c", "a"]
SHAPE = (8, 12, 4)


class FromSigns(torch.nn.Module):
    """Logits of four classes, told by the signs of two channels."""

    def forward(self, x):
        index = 2 * (x[:, :1] > 0) + (x[:, 1:2] > 0)
        return 5.0 * torch.cat([index == place for place in range(4)], dim=1)


@pytest.fixture
def studies(tmp_path):
    """Images of two files each, whose signs are those of quarters of the volume."""
    teacher(tmp_path)
    entries = []
    for index in range(3):
        paths = []
        for channel in range(2):
            ramp = np.indices(SHAPE)[channel] + 0.5 - SHAPE[channel] / (2 + index % 2)
            paths.append(str(tmp_path / f"{index}_{channel}.nii.gz"))
            nib.save(nib.Nifti1Image(ramp.astype(np.float32), AFFINE), paths[-1])
        entries.append({"image": paths, "patient": f"p{index}"})
    return entries


def evaluator(kept, entries, batch_size=2):
    preprocessing = Compose(
        [
            CopyItemsd("image", names="source"),
            LoadRadiologyImaged("image", channels=2, windows="raw", spatial_dims=3, track_meta=True),
            Lambdad("image", lambda image: image.sign()),
            Resized("image", spatial_size=[size * 2 for size in SHAPE], mode="nearest"),
        ]
    )
    back = Invertd("pred", transform=preprocessing, orig_keys="image", nearest_interp=False)
    return SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(kept.missing(entries), preprocessing), batch_size=batch_size),
        network=FromSigns(),
        prepare_batch=lambda batch, *args, **kwargs: (batch["image"], None),
        postprocessing=Compose([Activationsd("pred", softmax=True), back]),
        val_handlers=[PseudoLabelWriter(kept)],
    )


@pytest.mark.parametrize("batch_size", [1, 2])
def test_masks_of_an_evaluation(tmp_path, studies, batch_size, caplog):
    kept = labels(tmp_path)
    kept.start()
    with caplog.at_level(logging.INFO, "monai_ssl"):
        evaluator(kept, studies, batch_size).run()
    assert "3 pseudo-labels, mean confidence 0." in caplog.text
    assert "rim" in caplog.text
    pseudo, _ = kept.entries(studies)
    for entry in pseudo:
        first, second = (nib.as_closest_canonical(nib.load(path)).get_fdata() > 0 for path in entry["image"])
        expected = np.array([0, 1, 2, 4])[2 * first + second]
        assert (read_mask(entry["pseudo_label"]) == expected).all()
    assert json.loads((tmp_path / "pseudo/summary.json").read_text())["images"] == 3


def test_nothing_is_missing(tmp_path, studies):
    kept = labels(tmp_path)
    kept.start()
    evaluator(kept, studies).run()
    before = files(tmp_path)
    kept = labels(tmp_path)
    kept.start()
    with pytest.warns(UserWarning, match="empty"):
        evaluator(kept, studies).run()
    assert files(tmp_path) == before


def test_wrong_use(tmp_path, studies):
    kept = labels(tmp_path)
    kept.start()
    whole = Engine(lambda engine, batch: {"pred": probabilities(0)[None]})
    PseudoLabelWriter(kept).attach(whole)
    with pytest.raises(InputError, match="decollate=True"):
        whole.run([{"patient": ["a"], "source": [studies[0]["image"]]}])
    for item, key in (({"patient": "a"}, "source"), ({"patient": "a", "source": "a.png"}, "teacher")):
        engine = Engine(lambda engine, batch: [{"pred": probabilities(0)}])
        PseudoLabelWriter(kept, pred_key="teacher").attach(engine)
        with pytest.raises(InputError, match=f"'{key}'"):
            engine.run([[item]])


def share_work(rank, folder):
    torch.set_num_threads(1)
    if rank:
        time.sleep(0.2)
        (folder / "late").touch()
    in_first_process(lambda: (folder / f"by{rank}").write_text(str((folder / "late").exists())))
    assert (folder / "by0").is_file()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_the_first_process_works_when_all_have_come(tmp_path):
    spawn(share_work, tmp_path)
    assert {path.name for path in tmp_path.glob("by*")} == {"by0"}
    assert (tmp_path / "by0").read_text() == "True"


def spawn(function, folder):
    # Forked processes need not import everything anew, which takes longer than the test.
    idist.spawn(
        "gloo",
        function,
        args=(folder,),
        nproc_per_node=2,
        start_method="fork",
        init_method=f"file://{folder}/rendezvous",
    )


def write_share(rank, folder):
    # The threads of the parent process do not exist in a fork.
    torch.set_num_threads(1)
    kept = labels(folder)
    kept.start()
    entries = nifti_entries_of(folder)
    missing = kept.missing(entries)
    # As a sampler has it that gives each process as many: the last of the second's is the first's first.
    shares = [missing[::2], [*missing[1::2], missing[0]]]
    engine = Engine(lambda engine, batch: [{"pred": probabilities(batch[0]["number"])}])
    PseudoLabelWriter(kept).attach(engine)
    engine.run([[{**entry, "source": entry["image"]}] for entry in shares[rank]])
    torch.save([entry["pseudo_label"] for entry in kept.entries(entries)[0]], folder / f"rank{rank}")
    idist.barrier()
    corrected = folder / "pseudo/b.nii.gz"
    if rank == 0:
        corrected.write_bytes(corrected.read_bytes() + b"\0")
        teacher(folder, b"other weights")
    with pytest.raises(InputError, match=r"b\.nii\.gz: this was corrected by hand"):
        kept.start()


def nifti_entries_of(folder):
    return [
        {"image": str(folder / f"images/SECRET-{index}.nii.gz"), "patient": patient, "number": index}
        for index, patient in enumerate(PATIENTS)
    ]


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_two_processes(tmp_path):
    teacher(tmp_path)
    nifti_entries(tmp_path / "images", PATIENTS)
    spawn(write_share, tmp_path)
    names = ["a.nii.gz", "a_2.nii.gz", "b.nii.gz", "c.nii.gz", "a_3.nii.gz"]
    for rank in range(2):
        assert torch.load(tmp_path / f"rank{rank}") == [str(tmp_path / "pseudo" / name) for name in names]
    for index, name in enumerate(names):
        expected = np.array([0, 1, 2, 4])[probabilities(index).argmax(0)]
        np.testing.assert_array_equal(read_mask(tmp_path / "pseudo" / name), expected)
    assert set(files(tmp_path)) == {*names, "pseudo_labels.jsonl", "summary.json"}
    assert json.loads((tmp_path / "pseudo/summary.json").read_text())["images"] == 5


def test_an_image_of_two_processes_is_not_taken_for_corrected(tmp_path, monkeypatch):
    """What a GPU computes may differ a little from one batch to another."""
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a"])
    kept = [labels(tmp_path), labels(tmp_path)]
    kept[0].start()
    for rank in (0, 1):
        kept[rank].missing(entries)
    for rank in (0, 1, 0):
        monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
        kept[rank].add(entries[0], probabilities(rank))
    monkeypatch.undo()
    for _ in range(2):
        pseudo, corrected = kept[0].entries(entries)
        assert (len(pseudo), corrected) == (1, [])
        assert kept[0].finish()["images"] == 1


def test_a_killed_process_beside_the_first_loses_nothing(tmp_path, monkeypatch):
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", PATIENTS)
    kept = labels(tmp_path)
    kept.start()
    missing = kept.missing(entries)
    for rank in (0, 1, 2):
        monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
        kept.add(missing[rank], probabilities(rank))
    monkeypatch.undo()
    with (tmp_path / "pseudo/pseudo_labels.2.jsonl").open("a") as journal:
        journal.write('{"key"')
    assert len(labels(tmp_path).entries(entries[:3])[0]) == 3
    kept = labels(tmp_path)
    kept.start()
    assert kept.missing(entries) == entries[3:]
    assert sorted(path.name for path in (tmp_path / "pseudo").glob("*.jsonl")) == ["pseudo_labels.jsonl"]
