import pytest
import torch
from torch import nn

from monai_ssl.networks.transformer import SelfAttention, TransformerLayer


def test_attention_is_what_a_loop_over_heads_and_tokens_gives():
    torch.manual_seed(0)
    attention, tokens = SelfAttention(6, 2).double(), torch.randn(2, 5, 6, dtype=torch.float64)
    q, k, v = (tokens @ part.T for part in attention.qkv.weight.chunk(3))
    mixed = torch.zeros_like(tokens)
    for image in range(2):
        for head in (slice(0, 3), slice(3, 6)):
            for token in range(5):
                scores = [(q[image, token, head] @ k[image, other, head]).item() / 3**0.5 for other in range(5)]
                weights = torch.tensor(scores, dtype=torch.float64).softmax(dim=0)
                mixed[image, token, head] = sum(w * v[image, other, head] for other, w in enumerate(weights))
    torch.testing.assert_close(attention(tokens), attention.out_proj(mixed))


def test_the_layer_is_torch_s_own():
    torch.manual_seed(0)
    layer = TransformerLayer(8, 12, 2)
    reference = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    nn.init.zeros_(reference.self_attn.in_proj_bias)
    pairs = {
        "attention.qkv.weight": reference.self_attn.in_proj_weight,
        "attention.out_proj.weight": reference.self_attn.out_proj.weight,
        "attention.out_proj.bias": reference.self_attn.out_proj.bias,
        **{
            f"mlp.{n}.{p}": getattr(getattr(reference, n), p)
            for n in ("linear1", "linear2")
            for p in ("weight", "bias")
        },
        **{f"{n}.{p}": getattr(getattr(reference, n), p) for n in ("norm1", "norm2") for p in ("weight", "bias")},
    }
    layer.load_state_dict({name: nn.init.normal_(value.detach()) for name, value in pairs.items()})
    tokens = torch.randn(3, 7, 8)
    torch.testing.assert_close(layer(tokens), reference(tokens))


def test_dropout_is_for_training_only():
    torch.manual_seed(0)
    attention, tokens = SelfAttention(8, 2, dropout_rate=0.5), torch.randn(1, 6, 8)
    attention.dropout.p = 0.0  # what is left is the dropout of the attention's weights
    assert not torch.equal(attention(tokens), attention(tokens))
    attention.eval()
    assert torch.equal(attention(tokens), attention(tokens))
    same = SelfAttention(8, 2)
    same.load_state_dict(attention.state_dict())
    assert torch.equal(attention(tokens), same(tokens))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((8, 16, 3), "3 and 8"), ((8, 16, 0), "0 and 8"), ((8, 0, 2), "`mlp_dim`.*0"), ((8, 16, 2, 1.0), "1.0")],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        TransformerLayer(*arguments)
