"""What holds for every method."""

import copy
import io

import pytest
import torch

from tests.methods.toys import batch, make

METHODS = ["supervised", "mean_teacher", "noteacher", "contrastive", "src", "srcl"]
TASKS = ["multilabel", "multiclass"]
FORMS = [(2, False), (3, False), (2, True), (3, True)]
OF_WHOLE_IMAGES = ("contrastive", "src", "srcl")


@pytest.fixture(params=METHODS)
def name(request):
    return request.param


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("spatial_dims", "dense"), FORMS)
def test_terms_are_named_finite_and_not_zero(name, task, spatial_dims, dense):
    if dense and name in OF_WHOLE_IMAGES:
        pytest.skip("for labels of whole images")
    method = make(name, task, spatial_dims=spatial_dims, dense=dense)
    losses = method(batch(method, task, spatial_dims=spatial_dims, dense=dense))
    assert tuple(losses) == method.loss_names["losses"]
    for loss in losses.values():
        assert loss.ndim == 0
        assert torch.isfinite(loss)
        assert loss.item() > 0


def teachers(method):
    """The networks that must never learn by gradient."""
    return [getattr(method, attribute) for attribute in ("teacher", "ema") if hasattr(method, attribute)]


def test_every_term_reaches_the_networks_that_learn_and_no_teacher(name):
    method = make(name)
    frozen = {id(parameter) for teacher in teachers(method) for parameter in teacher.parameters()}
    trainable = {id(parameter) for parameter in method.trainable_parameters()}
    assert not frozen & trainable
    assert frozen | trainable == {id(parameter) for parameter in method.parameters()}
    reached = set()
    for term in method.loss_names["losses"]:
        method.zero_grad()
        method(batch(method))[term].backward()
        reached_by_term = {id(p) for p in method.parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        assert reached_by_term, term
        assert not reached_by_term & frozen, term
        reached |= reached_by_term
    # The classifier is beyond the layer whose features are contrasted.
    beyond = {id(parameter) for parameter in method.student[-1].parameters()} if name == "contrastive" else set()
    assert reached == trainable - beyond


def test_labels_of_unlabeled_images_are_not_read(name):
    method = make(name)
    plain = batch(method)
    poisoned = copy.deepcopy(plain)
    for view in poisoned.get("unlabeled", []):
        view["label"] = torch.full((len(view["image"]), 3), float("nan"))
    assert {k: v.item() for k, v in method(plain).items()} == {k: v.item() for k, v in method(poisoned).items()}


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
    first, second = method(batch(method)), other(batch(other))
    assert {k: v.item() for k, v in first.items()} == {k: v.item() for k, v in second.items()}


def test_candidates_give_logits_and_the_deployed_network_is_one_of_them(name):
    method = make(name).eval()
    image = torch.rand(5, 1, 8, 8)
    for network in method.candidates.values():
        assert network(image).shape == (5, 3)
    assert any(method.network is network for network in method.candidates.values())


def test_bfloat16_is_near_float32(name):
    method = make(name)
    full = method(batch(method))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = method(batch(method))
    for term, value in full.items():
        assert half[term].dtype == torch.float32
        assert half[term].item() == pytest.approx(value.item(), rel=0.15, abs=1e-3)


def test_two_views_of_each_stream_are_used(name):
    """Changing any one view changes the losses: none is ignored, none is used twice."""
    method = make(name)
    reference = sum(method(batch(method)).values()).item()
    for stream, count in method.views.items():
        for view in range(count):
            changed = batch(method)
            changed[stream][view]["image"] = torch.rand_like(changed[stream][view]["image"])
            assert sum(method(changed).values()).item() != reference, (stream, view)
