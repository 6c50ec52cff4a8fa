"""Which mask is of which image."""

from pathlib import Path

import pytest

from data_prep.__main__ import main
from data_prep.folder.masks import find_masks
from data_prep.records import Rejects
from monai_ssl.errors import InputError


@pytest.mark.parametrize(
    ("images", "masks", "expected", "bad"),
    [
        (["P1/1.dcm", "P1/2.dcm"], ["P1/1.png", "P2/2.png"], {"P1/1.dcm": "P1/1.png"}, ["P2/2.png"]),
        (["P1/1.dcm", "P2/2.dcm"], ["1.png", "2_mask.png"], {"P1/1.dcm": "1.png", "P2/2.dcm": "2_mask.png"}, []),
        (["P1/1.dcm", "P2/1.dcm"], ["P1/1.png", "1.png"], {"P1/1.dcm": "P1/1.png"}, ["1.png"]),
        (["im/P1/1.png", "im/P2/1.png"], ["P1/1.png"], {"im/P1/1.png": "P1/1.png"}, []),
        (["P1/1.png", "P2/1.png"], ["ma/P2/1_seg.png"], {"P2/1.png": "ma/P2/1_seg.png"}, []),
        (["im/1.png", "im/2.png"], ["ma/1.png"], {"im/1.png": "ma/1.png"}, []),
        (["1.png", "1.jpg", "2.png"], ["1.bmp", "2.bmp"], {"2.png": "2.bmp"}, ["1.bmp"]),
        (["1.png", "P1/1.png"], ["1.png", "1_mask.png"], {"1.png": "1.png"}, ["1_mask.png"]),
    ],
)
def test_find_masks(
    tmp_path: Path, images: list[str], masks: list[str], expected: dict[str, str], bad: list[str]
) -> None:
    folder = tmp_path / "masks"
    for name in masks:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    rejects = Rejects()
    assert find_masks(folder, images, rejects) == {image: folder / mask for image, mask in expected.items()}
    assert [item.path for item in rejects.found] == [f"masks/{name}" for name in bad]


def test_masks_of_other_folders(tmp_path: Path) -> None:
    (tmp_path / "P2").mkdir()
    (tmp_path / "P2/1.png").touch()
    with pytest.raises(InputError, match="no mask here has the name of an image"):
        find_masks(tmp_path, ["P1/1.png", "P3/1.png"], Rejects())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--masks=images"], "images: the images are in this folder of masks. Put the masks"),
        (["--masks=."], "the images are in this folder of masks"),
        (["--labels=labels.csv", "--regions=lung=255"], "--regions tells of masks, but there are none"),
    ],
)
def test_options_that_do_not_go_together(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["folder", "--source=images", "--output=out", *options]) == 2
    assert message in capsys.readouterr().err


def test_a_region_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["folder", "--source=a", "--output=b", "--masks=c", "--regions=lung=255, lung=1"])
    assert "'lung' is named twice" in capsys.readouterr().err
