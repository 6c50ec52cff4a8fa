"""Each term of S4MTL and its baselines by hand."""

import math

import pytest
import torch
from monai.losses import DiceLoss
from torch.nn import functional as F

from monai_ssl.engines import SemiSupervisedTrainer
from monai_ssl.errors import InputError
from monai_ssl.methods import S2MTL, S4MTL
from monai_ssl.networks import ClassDiscriminator, GeneratorAndDiscriminator
from monai_ssl.transforms import SurrogateTransforms
from tests.methods.toys import CLASSES, batch, make, network

NONE = {"diagnosis": 0.0, "surrogate": 0.0, "real": 0.0, "predicted_labeled": 0.0, "predicted_unlabeled": 0.0}
NO_ADVERSARY = {"segmentation": 1.0, "mask_distribution": 0.0, "adversarial_labeled": 0.0, "adversarial_unlabeled": 0.0}


def one_region(kind=S4MTL, **settings):
    """Masks of one region, as of the lungs."""
    torch.manual_seed(0)
    judge = ClassDiscriminator(network(channels=2, outputs=CLASSES + 1 + 6), CLASSES, 6)
    return kind(GeneratorAndDiscriminator(network(dense=True, outputs=1), judge, "multilabel"), **settings)


def lungs(method, **settings):
    made = batch(method, **settings)
    for view in made["labeled"]:
        view["mask"] = view["mask"][:, :1]
    return made


def without(made, key, images):
    """The batch without the masks, or the classes, of some labeled images."""
    made["labeled"][0][key] = made["labeled"][0][key].clone()
    made["labeled"][0][key][images] = -1.0
    return made


def parts(method, made):
    view, unlabeled = made["labeled"][0], made["unlabeled"][0]["image"]
    image, mask = view["image"], view["mask"]
    return image, mask, view["label"][:, 0].long(), unlabeled, method.generator, method.discriminator


def test_terms_of_the_discriminator_by_hand():
    method = one_region()
    made = lungs(method)
    x_l, y_l, c_l, x_u, generator, judge = parts(method, made)
    p_real = judge(x_l, y_l)[0].softmax(dim=1)
    p_l = judge(x_l, generator(x_l).sigmoid())[0].softmax(dim=1)
    p_u = judge(x_u, generator(x_u).sigmoid())[0].softmax(dim=1)
    torch.manual_seed(5)
    t = method.surrogates.draw(len(x_u))
    moved = method.surrogates(x_u, t)
    p_t = judge(moved, generator(moved).sigmoid())[1].softmax(dim=1)
    expected = {
        "diagnosis": -p_real[range(4), c_l].log().mean(),
        "surrogate": -p_t[range(6), t].log().mean(),
        "real": -(1 - p_real[:, -1]).log().mean(),
        "predicted_labeled": -p_l[:, -1].log().mean(),
        "predicted_unlabeled": -p_u[:, -1].log().mean(),
    }
    torch.manual_seed(5)
    losses = method(made, "discriminate")
    assert {name: loss.item() for name, loss in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-5) for name, value in expected.items()
    }
    # S2MTL lacks the self-supervision and nothing else.
    other = one_region(S2MTL)
    assert {name: loss.item() for name, loss in other(made, "discriminate").items()} == {
        name: loss.item() for name, loss in losses.items() if name != "surrogate"
    }


def test_terms_of_the_generator_by_hand():
    method = one_region()
    made = lungs(method)
    x_l, y_l, _, x_u, generator, judge = parts(method, made)
    g_l, g_u = generator(x_l).sigmoid(), generator(x_u).sigmoid()
    y = y_l[[0, 1, 2, 3, 0, 1]].double().clamp(1e-6, 1 - 1e-6)  # six unlabeled images, four masks in turn
    yes = (y - g_u) * (y / g_u).log()
    no = (g_u - y) * ((1 - y) / (1 - g_u)).log()
    overlap = (y_l * g_l).sum(dim=(1, 2, 3))
    dice = 1 - overlap / (overlap + 0.5 * (y_l * (1 - g_l)).sum(dim=(1, 2, 3)) + 0.5 * ((1 - y_l) * g_l).sum((1, 2, 3)))
    expected = {
        "segmentation": dice.mean(),
        "mask_distribution": (yes + no).mean(),
        "adversarial_labeled": -(1 - judge(x_l, g_l)[0].softmax(dim=1)[:, -1]).log().mean(),
        "adversarial_unlabeled": -(1 - judge(x_u, g_u)[0].softmax(dim=1)[:, -1]).log().mean(),
    }
    losses = method(made, "generate")
    assert {name: loss.item() for name, loss in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-4) for name, value in expected.items()
    }
    assert {name: loss.item() for name, loss in one_region(S2MTL)(made, "generate").items()} == {
        name: loss.item() for name, loss in losses.items() if name != "mask_distribution"
    }


def test_without_alpha_and_adversary_the_generator_learns_dice_alone():
    method, alone = one_region(), one_region()
    made = lungs(method)
    optimizers = {
        "discriminate": torch.optim.SGD(method.discriminator.parameters(), 0.1),
        "generate": torch.optim.SGD(method.generator.parameters(), 0.1),
    }
    SemiSupervisedTrainer("cpu", 2, [made], method, optimizers, {**NONE, **NO_ADVERSARY}).run()
    by_hand = torch.optim.SGD(alone.generator.parameters(), 0.1)
    for _ in range(2):
        by_hand.zero_grad()
        DiceLoss(sigmoid=True)(alone.generator(made["labeled"][0]["image"]), made["labeled"][0]["mask"]).backward()
        by_hand.step()
    for learnt, expected in zip(method.generator.parameters(), alone.generator.parameters(), strict=True):
        torch.testing.assert_close(learnt, expected, rtol=1e-4, atol=1e-6)
    for kept, expected in zip(method.discriminator.parameters(), alone.discriminator.parameters(), strict=True):
        torch.testing.assert_close(kept, expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["s2mtl", "s4mtl"])
def test_each_phase_teaches_its_own_network_alone(name):
    method = make(name)
    for phase, (learner, other) in {
        "discriminate": (method.discriminator, method.generator),
        "generate": (method.generator, method.discriminator),
    }.items():
        for term in method.loss_names[phase]:
            method.zero_grad()
            method(batch(method), phase)[term].backward()
            assert sum(p.grad.abs().sum() for p in learner.parameters() if p.grad is not None) > 0, term
            assert all(p.grad is None for p in other.parameters()), term
    assert all(parameter.requires_grad for parameter in method.parameters())


def test_an_image_is_used_for_what_it_has():
    method = one_region(S2MTL)
    made = without(without(lungs(method), "mask", [1, 2]), "label", [2, 3])
    x_l, y_l, c_l, _, generator, judge = parts(method, made)
    with_mask = judge(x_l[[0, 3]], y_l[[0, 3]])[0]
    # Image 1 has a class alone: its predicted mask stands in, among the classes, for it is "predicted", too.
    alone = judge(x_l[[1]], generator(x_l[[1]]).sigmoid())[0][:, :-1]
    expected = (F.cross_entropy(with_mask[:1], c_l[:1]) + F.cross_entropy(alone, c_l[1:2])) / 2
    losses = method(made)
    assert losses["diagnosis"].item() == pytest.approx(expected.item(), rel=1e-5)
    real = -(1 - with_mask.softmax(dim=1)[:, -1]).log().mean()
    assert losses["real"].item() == pytest.approx(real.item(), rel=1e-5)
    dice = DiceLoss(sigmoid=True)(generator(x_l[[0, 3]]), y_l[[0, 3]])
    assert losses["segmentation"].item() == pytest.approx(dice.item(), rel=1e-4)


def test_the_border_that_a_rotation_adds_makes_no_mask():
    method = one_region(S2MTL)
    made = without(lungs(method), "mask", [1])
    made["labeled"][0]["mask"][1, :, :2] = 0.0
    _, there = method.masks_of(made["labeled"][0], 1)
    assert there.tolist() == [True, False, True, True]


@pytest.mark.parametrize("missing", [-1.0, float("nan")])
@pytest.mark.parametrize("name", ["convnet", "unet", "umtl", "s2mtl", "s4mtl"])
@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_a_batch_without_any_mask_or_class(name, task, missing):
    method = make(name, task)
    made = batch(method, task)
    for key, terms in {"mask": ("segmentation", "mask_distribution", "real"), "label": ("diagnosis",)}.items():
        made["labeled"][0][key] = torch.full_like(made["labeled"][0][key], missing)
        losses = method(made)
        assert all(torch.isfinite(loss) for loss in losses.values())
        assert all(losses[term].item() == 0 for term in terms if term in losses)
        sum(losses.values()).backward()


def test_masks_of_classes():
    method = make("s4mtl", "multiclass")
    made = batch(method, "multiclass")
    view = made["labeled"][0]
    p = method.generator(view["image"]).softmax(dim=1)
    y = F.one_hot(view["mask"][:, 0].long(), CLASSES).movedim(-1, 1).float()
    masks, there = method.masks_of(view, CLASSES)
    assert there.all()
    torch.testing.assert_close(masks, y)
    classes = method.discriminator(view["image"], y)[0]
    assert method(made)["real"].item() == pytest.approx(-(1 - classes.softmax(1)[:, -1]).log().mean().item(), rel=1e-5)
    u = method.generator(made["unlabeled"][0]["image"]).softmax(dim=1)
    y = y[[0, 1, 2, 3, 0, 1]].clamp(1e-6, 1 - 1e-6)
    expected = ((y - u) * (y / u).log()).sum(dim=1).mean()
    assert method(made)["mask_distribution"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert p.shape == masks.shape


def test_well_known_classes_do_not_count_early():
    method = one_region(S2MTL)
    made = lungs(method)
    x_l, y_l, c_l, *_, judge = parts(method, made)
    p = judge(x_l, y_l)[0].softmax(dim=1)[range(4), c_l]
    method.signal_threshold = p.sort().values[1:3].mean().item()
    expected = -p.sort().values[:2].log().mean().item()
    assert method(made)["diagnosis"].item() == pytest.approx(expected, rel=1e-5)
    method.signal_threshold = 0.0
    assert method(made)["diagnosis"].item() == 0


def test_a_shared_softmax_for_few_transforms():
    judge = ClassDiscriminator(network(channels=2, outputs=CLASSES + 1), CLASSES)
    few = SurrogateTransforms(["identity", "flip_horizontal", "flip_vertical"])
    method = S4MTL(GeneratorAndDiscriminator(network(dense=True, outputs=1), judge, "multilabel"), surrogates=few)
    made = lungs(method)
    moved = made["unlabeled"][0]["image"]
    torch.manual_seed(1)
    drawn = few.draw(len(moved))
    moved = few(moved, drawn)
    p = judge(moved, method.generator(moved).sigmoid())[0].softmax(dim=1)
    torch.manual_seed(1)
    surrogate = method(made, "discriminate")["surrogate"].item()
    assert surrogate == pytest.approx(-p[range(6), drawn].log().mean().item(), rel=1e-5)


def test_too_many_transforms_for_the_discriminator():
    judge = ClassDiscriminator(network(channels=2), CLASSES)
    with pytest.raises(InputError, match=r"can tell 3 surrogate transforms apart, but there are 6: identity, .*fewer"):
        S4MTL(GeneratorAndDiscriminator(network(dense=True, outputs=1), judge, "multilabel"))


def test_masks_of_another_form_are_refused():
    method = one_region()
    with pytest.raises(InputError, match="The masks have 3 channels, but the network's 1 channels need masks of 1"):
        method(batch(method))


def test_probabilities_of_classes_and_predicted_sum_to_one():
    method = one_region()
    made = lungs(method)
    losses = method(made, "discriminate")
    x_l, *_ = parts(method, made)
    p = method.discriminator(x_l, made["labeled"][0]["mask"])[0].softmax(dim=1)
    torch.testing.assert_close(p.sum(dim=1), torch.ones(4))
    assert math.isfinite(losses["real"].item())
