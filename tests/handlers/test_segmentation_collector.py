"""The collector on an evaluator over masks in files."""

import nibabel as nib
import numpy as np
import pytest
import torch
from ignite import distributed as idist
from ignite.engine import Engine
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedEvaluator
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.handlers import SegmentationCollector

REGIONS = {"whole": [1, 2], "core": [2]}
SHAPE = (6, 5, 4)


def nifti(path, values, affine):
    nib.save(nib.Nifti1Image(np.asarray(values), affine), path)
    return str(path)


def truth_of(index):
    """In RAS: a box of 2 x 2 x 2, with a core of 1 voxel in every second image."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 1:3, 2:4] = 1
    mask[1, 1, 3] = 2 * (1 - index % 2) or 1
    return mask


@pytest.fixture
def items(tmp_path):
    """Files whose first axis runs to the left; predictions on the grid as they are read, off by one voxel."""
    affine = np.diag([-3.0, 2.0, 1.0, 1.0])
    made = []
    for index in range(6):
        mask = truth_of(index)
        image = np.random.default_rng(index).normal(100, 10, SHAPE).astype(np.float32) + 100 * mask
        paths = [nifti(tmp_path / f"{index}_{name}.nii.gz", image[::-1], affine) for name in ("flair", "t1")]
        label = nifti(tmp_path / f"{index}_seg.nii.gz", mask[::-1], affine)
        found = torch.as_tensor(np.roll(mask, 1, axis=1))[None].int()
        made.append({"image": found, "source": paths, "label_path": label, "patient": f"p{index // 2}"})
    return made


def evaluate(collector, items, batch_size=2, **options):
    engine = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items), batch_size=batch_size, num_workers=0),
        network=torch.nn.Identity(),
        prepare_batch=lambda batch, device, non_blocking, **_: (batch["image"], None),
        val_handlers=[collector],
        **options,
    )
    engine.run()
    return collector.cases


def test_scores_on_the_grid_of_the_file(items, tmp_path):
    cases = evaluate(SegmentationCollector(REGIONS, folder=tmp_path), items)
    assert [case.image for case in cases] == [f"{index}_flair.nii.gz" for index in range(6)]
    assert [case.patient for case in cases] == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert {case.units for case in cases} == {("mm", "mm3")}
    for index, case in enumerate(cases):
        whole, core = case.scores["whole"], case.scores["core"]
        # The box lies one voxel of 2 mm off along the second axis, so that half of it is right.
        assert (whole.dice, whole.hd95) == pytest.approx((0.5, 2.0))
        assert (whole.volume, whole.true_volume) == pytest.approx((48, 48))
        if index % 2:
            assert core.outcome == "absent"
        else:
            assert (core.dice, core.hd95) == pytest.approx((0.0, 2.0))


def test_pictures_are_spread_over_the_list(items):
    for pictures, expected in ((0, []), (1, [0]), (3, [0, 2, 5]), (9, list(range(6)))):
        cases = evaluate(SegmentationCollector(REGIONS, pictures=pictures), items)
        assert [index for index, case in enumerate(cases) if case.picture] == expected
    picture = cases[0].picture
    assert (picture.place, picture.label) == ("slice 3 of 4, R on the left", "p0")
    assert picture.caption == "whole: Dice 0.50\ncore: Dice 0.00"
    # The second axis goes up in the picture, the first to the left.
    np.testing.assert_array_equal(picture.truth[0], truth_of(0)[::-1, ::-1, 2].T > 0)
    np.testing.assert_array_equal(picture.prediction[0], np.roll(truth_of(0), 1, axis=1)[::-1, ::-1, 2].T > 0)
    brightest = np.unravel_index(picture.image[0].argmax(), picture.image[0].shape)
    assert picture.truth[0][brightest]
    assert picture.aspect == pytest.approx(2 / 3)


def test_images_without_a_mask_are_left_out_where_that_is_allowed(items):
    """Of the pictures, evenly spread, that of an image without a mask goes to the next that has one."""
    some = [{key: item[key] for key in item if index % 3 or key != "label_path"} for index, item in enumerate(items)]
    collector = SegmentationCollector(REGIONS, pictures=3, allow_missing=True)
    cases = evaluate(collector, some, batch_size=1)
    assert [case.patient for case in cases] == ["p0", "p1", "p2", "p2"]
    assert [case.scores["whole"].dice for case in cases] == pytest.approx([0.5] * 4)
    assert [case.picture is not None for case in cases] == [True, True, False, True]
    with pytest.raises(InputError, match="'label_path'"):
        evaluate(SegmentationCollector(REGIONS), some, batch_size=1)
    assert evaluate(collector, some[::3], batch_size=1) == ()


def test_classes_are_kept_where_they_are_asked_for(items):
    labeled = [{**item, "class": torch.tensor(index - 1)} for index, item in enumerate(items)]
    assert [case.label for case in evaluate(SegmentationCollector(REGIONS, class_key="class"), labeled)] == [
        -1,
        *range(5),
    ]
    assert {case.label for case in evaluate(SegmentationCollector(REGIONS), labeled)} == {-1}
    with pytest.raises(InputError, match="without 'class'"):
        evaluate(SegmentationCollector(REGIONS, class_key="class"), items)


def test_each_run_begins_anew_and_keeps_no_volume(items):
    collector = SegmentationCollector(REGIONS, pictures=1)
    assert len(evaluate(collector, items)) == 6
    assert len(evaluate(collector, items[:3], batch_size=1)) == 3
    kept = [case.picture for case in collector.cases if case.picture]
    assert all(part.base is None and part.ndim == 3 for part in (kept[0].image, kept[0].prediction, kept[0].truth))


def test_pictures_without_spacing(tmp_path):
    mask = np.zeros((8, 9), np.uint8)
    mask[2:5, 3:7] = 2
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(mask * 50 + 20).save(tmp_path / "image.png")
    item = {
        "image": MetaTensor(mask[None].astype(np.float32)),
        "patient": "p",
        "label_path": str(tmp_path / "mask.png"),
    }
    (case,) = evaluate(SegmentationCollector(REGIONS), [item | {"source": str(tmp_path / "image.png")}])
    assert case.image == str(tmp_path / "image.png")
    assert (case.units, case.scores["core"].true_volume, case.scores["core"].dice) == (("pixels", "pixels"), 12, 1)
    np.testing.assert_array_equal(case.picture.truth[1], mask == 2)
    assert case.picture.place == ""


def test_a_single_slice_of_nifti_has_square_millimeters(tmp_path):
    """The slice axis runs along the patient's first axis, so that the pixels are 4 mm by 5 mm."""
    affine = np.array([[0, 0, 7, 0], [4, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 1.0]])
    mask = np.zeros((6, 8, 1), np.uint8)
    mask[2, 3] = 1
    path = nifti(tmp_path / "mask.nii.gz", mask, affine)
    found = torch.as_tensor(np.roll(mask[..., 0], 1, axis=1))[None].int()
    (case,) = evaluate(
        SegmentationCollector(REGIONS),
        [{"image": found, "source": path, "label_path": path, "patient": "p"}],
    )
    assert case.units == ("mm", "mm2")
    assert (case.scores["whole"].true_volume, case.scores["whole"].hd95) == pytest.approx((20, 5))


def test_what_cannot_be_compared_is_named(items, tmp_path):
    def spoil(**changes):
        return [items[0] | changes]

    with pytest.raises(InputError, match=r"0_flair.nii.gz: the prediction has shape"):
        evaluate(SegmentationCollector(REGIONS), spoil(image=torch.zeros(1, 6, 5, 5).int()))
    with pytest.raises(InputError, match="DecodeMaskd"):
        evaluate(SegmentationCollector(REGIONS), spoil(image=torch.full((1, *SHAPE), 0.5)))
    with pytest.raises(InputError, match=r"0_seg.nii.gz: the mask has values of no region \(2\)"):
        evaluate(SegmentationCollector({"whole": [1]}), items)
    with pytest.raises(InputError, match="'label_path'"):
        evaluate(SegmentationCollector(REGIONS), [{key: items[0][key] for key in ("image", "source", "patient")}])
    elsewhere = nifti(tmp_path / "elsewhere.nii.gz", truth_of(0), np.diag([3.0, 2.0, 1.0, 1.0]))
    with pytest.raises(InputError, match="affine differs"):
        evaluate(SegmentationCollector(REGIONS), spoil(label_path=elsewhere))
    with pytest.raises(InputError, match="decollate=True"):
        evaluate(SegmentationCollector(REGIONS), items, decollate=False)


def test_arguments():
    with pytest.raises(InputError, match="pictures is -1"):
        SegmentationCollector(REGIONS, pictures=-1)
    with pytest.raises(InputError, match="'whole'"):
        SegmentationCollector({"whole": [0]})
    with pytest.raises(InputError, match="Run the evaluator first"):
        _ = SegmentationCollector(REGIONS).cases


def collect(rank, items, folder):
    # The threads of the parent process do not exist in a fork.
    torch.set_num_threads(1)
    engine = Engine(lambda engine, batch: [{"pred": item["image"]} for item in batch])
    collector = SegmentationCollector(REGIONS, pictures=2)
    collector.attach(engine)
    # The second process has one image less, and the first image again.
    engine.run([items[4:] + items[:1] if rank else items[:4]])
    torch.save([(case.image, case.scores["whole"].dice, case.picture is not None) for case in collector.cases],
               folder / f"{rank}.pt")  # fmt: skip


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_two_processes(items, tmp_path):
    idist.spawn(
        "gloo",
        collect,
        args=(items, tmp_path),
        nproc_per_node=2,
        start_method="fork",
        init_method=f"file://{tmp_path}/rendezvous",
    )
    for rank in range(2):
        images, dice, pictured = zip(*torch.load(tmp_path / f"{rank}.pt", weights_only=False), strict=True)
        assert images == tuple(item["source"][0] for item in items)
        assert dice == pytest.approx([0.5] * 6)
        assert sum(pictured) == 2
