"""What holds for every method."""

import copy
import io

import pytest
import torch
from torch.nn.parallel import DistributedDataParallel

from tests.methods.toys import batch, make

OF_WHOLE_IMAGES = ("contrastive", "src", "srcl")
DENSE = ("supervised", "mean_teacher", "noteacher", "robust_pseudo_label")
# Masks and classes at once; in 2D.
JOINT = ("convnet", "unet", "umtl", "s2mtl", "s4mtl")
METHODS = (*DENSE, *OF_WHOLE_IMAGES, *JOINT)
TASKS = ["multilabel", "multiclass"]
# Labels of whole images and, where the method takes them, of each pixel and voxel.
CASES = [
    (name, dims, dense)
    for name in METHODS
    for dense in (False, True)
    for dims in (2, 3)
    if name in DENSE or (not dense and (dims == 2 or name not in JOINT))
]


@pytest.fixture(params=METHODS)
def name(request):
    return request.param


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}D{'-dense' if case[2] else ''}")
def case(request):
    """The name of a method, and how its networks and batches are."""
    name, spatial_dims, dense = request.param
    return name, {"spatial_dims": spatial_dims, "dense": dense}


def names_of(method):
    """The terms of all phases."""
    return tuple(name for names in method.loss_names.values() for name in names)


def losses_of(method, data):
    """The losses of all phases, with the same draw of whatever a method draws."""
    torch.manual_seed(0)
    return method(data)


@pytest.mark.parametrize("task", TASKS)
def test_terms_are_named_finite_and_not_zero(case, task):
    name, form = case
    method = make(name, task, **form)
    losses = method(batch(method, task, **form))
    assert tuple(losses) == names_of(method)
    for phase, names in method.loss_names.items():
        assert tuple(method(batch(method, task, **form), phase)) == names
    for loss in losses.values():
        assert loss.ndim == 0
        assert torch.isfinite(loss)
        assert loss.item() > 0


def teachers(method):
    """The networks that must never learn by gradient."""
    return [getattr(method, attribute) for attribute in ("teacher", "ema") if hasattr(method, attribute)]


@pytest.mark.parametrize("task", TASKS)
def test_every_term_reaches_the_networks_that_learn_and_no_teacher(case, task):
    name, form = case
    method = make(name, task, **form)
    frozen = {id(parameter) for teacher in teachers(method) for parameter in teacher.parameters()}
    trainable = {id(parameter) for parameter in method.trainable_parameters()}
    assert not frozen & trainable
    assert frozen | trainable == {id(parameter) for parameter in method.parameters()}
    reached = set()
    for term in names_of(method):
        method.zero_grad()
        method(batch(method, task, **form))[term].backward()
        reached_by_term = {id(p) for p in method.parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        assert reached_by_term, term
        assert not reached_by_term & frozen, term
        reached |= reached_by_term
    # The classifier is beyond the layer whose features are contrasted, and the branch beside the masks.
    last = {"contrastive": lambda: method.student[-1], "unet": lambda: method.student.branch}
    beyond = {id(parameter) for parameter in last[name]().parameters()} if name in last else set()
    assert reached == trainable - beyond


def test_labels_of_unlabeled_images_are_not_read(case):
    name, form = case
    method = make(name, **form)
    plain = batch(method, **form)
    poisoned = copy.deepcopy(plain)
    for view in poisoned.get("unlabeled", []):
        view["label"] = view["mask"] = torch.full((len(view["image"]), 3), float("nan"))
    expected = {name: loss.item() for name, loss in losses_of(method, plain).items()}
    assert {name: loss.item() for name, loss in losses_of(method, poisoned).items()} == expected


def test_training_mode_of_teachers_is_decided_not_inherited(name):
    method = make(name)
    modes = {"ema": False, "teacher": True}
    for attribute, expected in modes.items():
        if hasattr(method, attribute):
            assert getattr(method.train(), attribute).training is expected
            assert getattr(method.eval(), attribute).training is False


def test_state_round_trips(name):
    method, other = make(name), make(name)
    file = io.BytesIO()
    torch.save(method.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    first, second = losses_of(method, batch(method)), losses_of(other, batch(other))
    assert {k: v.item() for k, v in first.items()} == {k: v.item() for k, v in second.items()}


def test_candidates_give_logits_and_the_deployed_network_is_one_of_them(case):
    name, form = case
    method = make(name, **form).eval()
    spatial = (8,) * form["spatial_dims"]
    image = torch.rand(5, 1, *spatial)
    for network in method.candidates.values():
        output = network(image)
        if name in JOINT:
            shapes = {"mask": (5, 3, *spatial), "diagnosis": (5, 3)}
            assert output
            assert all(output[key].shape == shapes[key] for key in output)
        else:
            assert output.shape == (5, 3, *(spatial if form["dense"] else ()))
    assert any(method.network is network for network in method.candidates.values())


@pytest.mark.parametrize("task", TASKS)
def test_bfloat16_is_near_float32(case, task):
    name, form = case
    method = make(name, task, **form)
    full = losses_of(method, batch(method, task, **form))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = losses_of(method, batch(method, task, **form))
    for term, value in full.items():
        assert half[term].dtype == torch.float32
        assert half[term].item() == pytest.approx(value.item(), rel=0.15, abs=1e-3)


def test_two_views_of_each_stream_are_used(case):
    """Changing any one view changes the losses: none is ignored, none is used twice."""
    name, form = case
    method = make(name, **form)
    reference = sum(losses_of(method, batch(method, **form)).values()).item()
    for stream, count in method.views.items():
        for view in range(count):
            changed = batch(method, **form)
            changed[stream][view]["image"] = torch.rand_like(changed[stream][view]["image"])
            assert sum(losses_of(method, changed).values()).item() != reference, (stream, view)


@pytest.fixture
def process_group(tmp_path):
    """A process group of this process alone."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_distributed_data_parallel_gives_the_same_gradient(case, process_group):
    name, form = case
    alone = make(name, **form)
    shared = copy.deepcopy(alone)
    wrapped = DistributedDataParallel(shared, find_unused_parameters=name in ("contrastive", "unet"))
    for method in (alone, wrapped):
        sum(losses_of(method, batch(alone, **form)).values()).backward()
    for (parameter, value), other in zip(alone.named_parameters(), shared.parameters(), strict=True):
        assert (value.grad is None) == (other.grad is None), parameter
        if value.grad is not None:
            torch.testing.assert_close(value.grad, other.grad, msg=parameter)
