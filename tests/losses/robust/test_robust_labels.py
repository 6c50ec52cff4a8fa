"""Missing labels, masks, weights and reductions of the robust losses; cross-entropy against torch."""

import pytest
import torch
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.losses import (
    BetaCrossEntropyLoss,
    CrossEntropyLoss,
    GeneralizedCrossEntropyLoss,
    ReverseCrossEntropyLoss,
    SupervisedLoss,
    SymmetricCrossEntropyLoss,
)

MAKERS = {
    "ce": CrossEntropyLoss,
    "gce": lambda **settings: GeneralizedCrossEntropyLoss(0.7, **settings),
    "bce": lambda **settings: BetaCrossEntropyLoss(2.0, **settings),
    "rce": lambda **settings: ReverseCrossEntropyLoss(-4.0, **settings),
    "sce": lambda **settings: SymmetricCrossEntropyLoss(0.5, 1.0, **settings),
}
NAN = float("nan")


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def random_logits(*shape, seed=0):
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(value, expected, rel=1e-12):
    assert value.item() == pytest.approx(expected.item(), rel=rel)


@pytest.mark.parametrize("shape", [(6, 4), (2, 4, 3), (2, 4, 3, 2), (2, 4, 2, 3, 2)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["hard", "ignored", "soft"])
def test_cross_entropy_is_torchs(shape, reduction, weighted, smoothing, kind):
    x = random_logits(*shape)
    settings = {"reduction": reduction, "label_smoothing": smoothing}
    if kind == "soft":
        y = random_logits(*shape, seed=1).softmax(dim=1)
    else:
        y = torch.randint(0, 4, (shape[0], *shape[2:]), generator=torch.Generator().manual_seed(1))
        if kind == "ignored":
            settings["ignore_index"] = 2
    weight = torch.tensor([0.5, 2.0, 1.0, 3.0]) if weighted else None
    theirs = nn.CrossEntropyLoss(weight=None if weight is None else weight.double(), **settings)
    torch.testing.assert_close(CrossEntropyLoss(weight=weight, **settings)(x, y), theirs(x, y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_cross_entropy_is_the_supervised_loss_of_hard_labels(task):
    x = random_logits(4, 3, 2)
    hard = torch.tensor([[0, 2], [1, -1], [-1, -1], [2, 2]])
    vectors = torch.where(random_logits(4, 3, 2, seed=1) > 2, NAN, (random_logits(4, 3, 2, seed=2) > 0).double())
    y = hard if task == "multiclass" else vectors
    same(CrossEntropyLoss(task)(x, y), SupervisedLoss(task)(x, y))


@pytest.mark.parametrize("missing", [-1.0, NAN, 255.0])
def test_missing_labels_of_classes(make, missing):
    loss = make(ignore_index=255)
    x = random_logits(4, 3).requires_grad_()
    value = loss(x, torch.tensor([2.0, missing, 0.0, missing]))
    same(value, loss(x[[0, 2]], torch.tensor([2, 0])))
    value.backward()
    assert (x.grad != 0).any(dim=1).tolist() == [True, False, True, False]
    if missing != 255:
        soft = random_logits(4, 3, seed=1).softmax(dim=1)
        expected = make()(x[[0, 2]], soft[[0, 2]])
        soft[1, 0] = soft[3] = missing  # a part of the first, all of the other
        same(make()(x, soft), expected)


def test_bytes_are_no_negative_numbers(make):
    """-100 as a byte is 156."""
    x = random_logits(3, 200)
    same(make()(x, torch.tensor([156, 3, 0], dtype=torch.uint8)), make()(x, torch.tensor([156, 3, 0])))


@pytest.mark.parametrize("missing", [-1.0, NAN])
def test_missing_labels_of_questions(make, missing):
    loss = make(task="multilabel")
    x = random_logits(3, 2)
    y = torch.tensor([[1.0, missing], [0.0, 1.0], [missing, missing]])
    # The third image has no label, so the mean is over two.
    parts = [loss(x[[i]][:, [c]], y[[i]][:, [c]]) for i, c in ((0, 0), (1, 0), (1, 1))]
    same(loss(x, y), sum(parts) / 2)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_batch_without_labels_gives_zero_with_a_graph(make, reduction, weighted):
    weight = [0.5, 2.0, 1.0] if weighted else None
    for task, shape in (("multiclass", (4, 2)), ("multiclass", (4, 3, 2)), ("multilabel", (4, 3, 2))):
        if weighted and task == "multilabel":
            continue
        x = random_logits(4, 3, 2).requires_grad_()
        value = make(task=task, weight=weight, reduction=reduction)(x, torch.full(shape, NAN))
        assert value.abs().sum() == 0
        value.sum().backward()
        assert torch.equal(x.grad, torch.zeros_like(x))


def test_an_empty_batch_gives_zero(make):
    assert make()(torch.zeros(0, 3, 2, 2), torch.zeros(0, 2, 2)).item() == 0


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_masks_take_positions_out(make, task):
    loss = make(task=task)
    x = random_logits(3, 2, 4, 5)
    y = (random_logits(3, 2, 4, 5, seed=1) > 0).double() if task == "multilabel" else torch.ones(3, 4, 5)
    mask = random_logits(3, 4, 5, seed=2) > 0

    def kept(values, mask):  # the positions in the mask as images
        flat = values.movedim(1, -1) if values.ndim == 4 else values
        return flat[mask]

    expected = loss(kept(x, mask), kept(y, mask))
    for form in (mask, mask[:, None], mask.float(), mask.to(torch.uint8)[:, None]):
        same(loss(x, y, form), expected)
    images, rows = torch.tensor([True, False, True]), torch.tensor([1, 0, 0, 1])
    expected = loss(x[[0, 2]], y[[0, 2]])
    for form in (images, images[:, None, None], images[:, None, None, None]):
        same(loss(x, y, form), expected)
    expected = loss(x[:, :, [0, 3]], y[..., [0, 3], :])
    same(loss(x, y, rows[None, :, None]), expected)
    assert loss(x, y, torch.zeros(3)).item() == 0
    each = make(task=task, reduction="none")(x, y, mask)
    assert ((each != 0) == mask).all()


def test_a_mask_and_missing_labels_come_together(make):
    x, y = random_logits(4, 3), torch.tensor([0, -1, 2, 1])
    same(make()(x, y, torch.tensor([1, 1, 1, 0])), make()(x[[0, 2]], y[[0, 2]]))


def test_weights_are_those_of_the_label(make):
    weight = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    x, y = random_logits(5, 3), torch.tensor([0, 1, 2, 1, -1])
    each = make(reduction="none")(x, y)
    expected = (each[:4] * weight[y[:4]]).sum() / weight[y[:4]].sum()
    same(make(weight=weight.tolist())(x, y), expected)
    # A soft label's mean is a plain one, as torch's is.
    one_hot = torch.eye(3, dtype=torch.float64)[y[:4]]
    same(make(weight=weight)(x[:4], one_hot), (each[:4] * weight[y[:4]]).mean())


def test_smoothing_makes_hard_labels_soft(make):
    x, y = random_logits(5, 4), torch.tensor([0, 1, 3, 2, -1])
    soft = 0.8 * torch.eye(4, dtype=torch.float64)[y[:4]] + 0.05
    same(make(label_smoothing=0.2)(x, y), make()(x[:4], soft))
    yes = torch.tensor([[1.0, 0.0, NAN, 1.0]] * 5, dtype=torch.float64)
    same(make(task="multilabel", label_smoothing=0.2)(x, yes), make(task="multilabel")(x, 0.8 * yes + 0.1))


@pytest.mark.parametrize(
    ("x", "y", "mask", "message"),
    [
        ((4, 3), (3,), None, "do not fit"),
        ((4, 3), (4, 2), None, "do not fit"),
        ((2, 3, 4, 4), (2, 4, 5), None, "do not fit"),
        ((4, 3), (4,), (3,), r"mask \(3,\)"),
        ((2, 3, 4, 5), (2, 4, 5), (2, 3, 4, 5), r"mask \(2, 3, 4, 5\)"),
        ((2, 3, 4, 5), (2, 4, 5), (4, 5), r"mask \(4, 5\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(make, x, y, mask, message):
    with pytest.raises(ValueError, match=message):
        make()(torch.zeros(x), torch.zeros(y), None if mask is None else torch.ones(mask))


def test_shapes_of_other_tasks_are_named(make):
    with pytest.raises(ValueError, match="same shape"):
        make(task="multilabel")(torch.zeros(4, 3), torch.zeros(4))
    with pytest.raises(InputError, match="softmax of one class"):
        make()(torch.zeros(4, 1), torch.zeros(4, 1))
    with pytest.raises(ValueError, match="no `ignore_index`"):
        make(ignore_index=0)(torch.zeros(4, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match="of 3 classes"):
        make(weight=[1.0, 2.0])(torch.zeros(4, 3), torch.zeros(4))
