"""A layer of a transformer that never holds the matrix of its attention."""

from monai.networks.blocks import MLPBlock
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SelfAttention", "TransformerLayer"]


class SelfAttention(nn.Module):
    """Multi-head self-attention, ``softmax(Q K^T / sqrt(d)) V`` in each head, with d = hidden_size / num_heads.

    It computes what MONAI's ``SABlock`` does, by ``scaled_dot_product_attention``: N tokens need no N x N matrix in
    memory where torch has a fused kernel (a volume of 128^3 in TransBTS: 8 heads x 4096^2, 0.5 GiB an image and layer
    in float32). ``SABlock`` can do so too, but then drops attention weights in evaluation as well.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.

    Args:
        hidden_size: size of a token.
        num_heads: heads; they divide ``hidden_size``.
        dropout_rate: of the attention's weights and of the output, in training.

    Raises:
        ValueError: when a size is below 1, the heads do not divide ``hidden_size``, or the rate is not in [0, 1).
    """

    def __init__(self, hidden_size: int, num_heads: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        if hidden_size < 1 or num_heads < 1 or hidden_size % num_heads:
            raise ValueError(f"`num_heads` must divide `hidden_size`, got {num_heads!r} and {hidden_size!r}.")
        if not 0 <= dropout_rate < 1:
            raise ValueError(f"`dropout_rate` must be in [0, 1), got {dropout_rate!r}.")
        self.num_heads, self.dropout_rate = num_heads, float(dropout_rate)
        self.qkv = nn.Linear(hidden_size, 3 * hidden_size, bias=False)
        self.out_proj = nn.Linear(hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens ``(B, N, hidden_size)`` to as many."""
        heads = self.qkv(tokens).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, heads, N, d)
        dropout_rate = self.dropout_rate if self.training else 0.0
        mixed = F.scaled_dot_product_attention(heads[0], heads[1], heads[2], dropout_p=dropout_rate)
        return self.dropout(self.out_proj(mixed.transpose(1, 2).flatten(2)))


class TransformerLayer(nn.Module):
    """Self-attention and a two-layer perceptron, each behind a layer normalization and beside a shortcut.

    ``z' = z + attention(norm(z))``, ``z'' = z' + mlp(norm(z'))``, with GELU in the perceptron.

    MONAI's ``TransformerBlock`` is not used: its normalization for cross-attention, which is there without
    cross-attention too, never gets a gradient, and that stops ``DistributedDataParallel``; and it needs einops.

    Source: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021, equations 2 and 3.

    Args:
        hidden_size: size of a token.
        mlp_dim: width of the perceptron.
        num_heads: heads of the attention.
        dropout_rate: of attention weights, attention output and the perceptron, in training.

    Raises:
        ValueError: see :class:`SelfAttention`; also when ``mlp_dim`` is below 1.
    """

    def __init__(self, hidden_size: int, mlp_dim: int, num_heads: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        if mlp_dim < 1:
            raise ValueError(f"`mlp_dim` must be positive, got {mlp_dim!r}.")
        self.attention = SelfAttention(hidden_size, num_heads, dropout_rate)
        self.mlp = MLPBlock(hidden_size, mlp_dim, dropout_rate)
        self.norm1 = nn.LayerNorm(hidden_size)
        self.norm2 = nn.LayerNorm(hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens ``(B, N, hidden_size)`` to as many."""
        tokens = tokens + self.attention(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))
