"""What the configurations of all bundles have in common."""

import importlib
import json
import pkgutil
import re

import pytest

from monai_ssl.data import DataList
from monai_ssl.losses import consensus_weights
from tests.bundles.helpers import ALL, BUNDLES, REPOSITORY, ROBUST, S4MTL, SEGMENTING, content, small, workflow

NAMES = ["evaluate", "inference", "metadata", "multi_gpu_train", "train"]
MASKS = ["segmentation", "segmentation_evaluate", "segmentation_inference"]
OWN = {
    **{bundle: ["paper", *MASKS] for bundle in SEGMENTING},
    "srcl": ["paper", "joint", "src"],
    ROBUST: [
        *("classification", "classification_evaluate", "classification_inference"),
        *("paper_brats2018", "paper_cifar10", "pseudo_label", "student", "teacher"),
    ],
    S4MTL: ["paper", "convnet", "s2mtl", "umtl", "unet"],
}
EVALUATIONS = sorted((REPOSITORY / "bundles").glob("*/configs/*evaluate.json"))


@pytest.mark.parametrize("bundle", ALL)
def test_a_bundle_has_all_its_files(bundle):
    root = REPOSITORY / "bundles" / bundle
    assert sorted(path.stem for path in (root / "configs").glob("*.json")) == sorted(NAMES + OWN[bundle])
    for name in ("LICENSE", "docs/README.md", "configs/logging.conf"):
        assert (root / name).stat().st_size > 100
    assert not list(root.rglob("*.py"))


@pytest.mark.parametrize(
    "files",
    [
        *([(bundle, name) for bundle in ALL] for name in NAMES),
        [(bundle, "paper") for bundle in BUNDLES],
        *([(bundle, name) for bundle in SEGMENTING] for name in MASKS),
        [*((bundle, "segmentation_evaluate") for bundle in SEGMENTING), (ROBUST, "evaluate")],
        [*((bundle, "segmentation_inference") for bundle in SEGMENTING), (ROBUST, "inference")],
        [(S4MTL, name) for name in ("umtl", "unet", "convnet")],
        [(S4MTL, "inference"), *((bundle, "segmentation_inference") for bundle in SEGMENTING)],
        [*((bundle, "evaluate") for bundle in BUNDLES), (ROBUST, "classification_evaluate")],
        [*((bundle, "inference") for bundle in BUNDLES), (ROBUST, "classification_inference")],
    ],
    ids=lambda files: f"{files[0][1]}-{len(files)}-{files[-1][1]}",
)
def test_shared_keys_come_in_the_same_order(files):
    """A diff of two bundles shows the method and nothing else."""
    contents = [content(bundle, name) for bundle, name in files]
    shared = set.intersection(*map(set, contents))
    orders = [[key for key in content if key in shared] for content in contents]
    assert all(order == orders[0] for order in orders)
    assert len(shared) >= 5


def test_noteachers_weights_come_from_its_deviations(demo, tmp_path):
    overrides = small(demo, tmp_path, s1=0.5, s2=2.0, s_y=0.7, batch_size=4, unlabeled_batch_size=12)
    made = workflow("noteacher", ("train",), "train", **overrides)
    weights = made.parser.get_parsed_content("train#trainer").loss_weights
    expected = consensus_weights(0.5, 2.0, 0.7, unlabeled_per_labeled=3.0)
    assert {name: ramp(0) for name, ramp in weights.items()} == pytest.approx(expected)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_data_list_is_where_label_servers_put_theirs(bundle, demo, tmp_path):
    """``train#dataset#data`` is the labeled list, ``unlabeled_data`` the other."""
    datalist = DataList.load(demo)
    overrides = small(demo, tmp_path) | {
        "train#dataset#data": datalist.labeled[:9],
        "unlabeled_data": datalist.unlabeled[:20],
        "validate#dataset#data": datalist.validation[:7],
    }
    made = workflow(bundle, ("train",), "train", **overrides)
    loader = made.parser.get_parsed_content("train#dataloader")
    assert len(loader) == 3  # 20 unlabeled images in batches of 8
    assert len(made.parser.get_parsed_content("train#dataset")) == 9
    assert len(made.parser.get_parsed_content("validate#dataset")) == 7


@pytest.mark.parametrize(
    "path",
    sorted((REPOSITORY / "bundles").glob("*/configs/*evaluate.json")),
    ids=lambda path: path.relative_to(REPOSITORY).as_posix(),
)
def test_an_evaluation_names_the_model_that_it_read(path):
    evaluation = json.loads(path.read_text())["evaluate"]
    assert evaluation["model_sha256"] == "$bundle.model_digest(@model_dir + '/model.pt')"
    assert (
        "load_model(@network_def, @model_dir + '/model.pt', @model_info, @evaluate#model_sha256)"
        in (evaluation["network"])
    )
    assert evaluation["report"]["model_sha256"] == "@evaluate#model_sha256"


def test_targets_are_no_modules():
    """From Python 3.12 on, a module goes before a function of the same name in its package."""
    files = (REPOSITORY / "bundles").glob("*/configs/*.json")
    targets = {name for file in files for name in re.findall(r'"_target_": "(monai_ssl\.[\w.]+)"', file.read_text())}
    assert len(targets) > 50
    for name in targets:
        package, _, attribute = name.rpartition(".")
        module = importlib.import_module(package)
        beside = {info.name for info in pkgutil.iter_modules(getattr(module, "__path__", ()))}
        assert attribute not in beside, name
        assert callable(getattr(module, attribute))
