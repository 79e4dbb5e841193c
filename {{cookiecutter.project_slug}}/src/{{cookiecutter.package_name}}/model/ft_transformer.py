"""FT-Transformer for tables (Gorishniy et al. 2021, arXiv:2106.11959): one token per column."""

import torch
from dlproof import State, UserError
from torch import Tensor, nn
from torch.nn import functional

from .initialise import initialise_weights

WIDENING = 4 / 3  # of the feed-forward part, one half of which gates the other


class Tokenizer(nn.Module):
    """Each number times a vector of its own plus a shift; each category a row of its table."""

    scale: nn.Parameter | None
    shift: nn.Parameter
    summary: nn.Parameter

    def __init__(self, num_numeric: int, sizes: list[int], dim: int) -> None:
        super().__init__()
        # A table without columns of a kind gets no empty parameter, which no step would move.
        shapes = {"scale": (num_numeric, dim), "shift": (num_numeric, dim), "summary": (1, dim)}
        for name, shape in shapes.items():
            value = nn.Parameter(torch.empty(shape).uniform_(-(dim**-0.5), dim**-0.5))
            self.register_parameter(name, value if shape[0] else None)
        self.embeddings = nn.ModuleList(nn.Embedding(size, dim) for size in sizes)
        for embedding in self.embeddings:
            nn.init.uniform_(embedding.weight, -(dim**-0.5), dim**-0.5)  # type: ignore[arg-type]

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Numbers (N, D) and codes (N, C) -> tokens (N, 1 + D + C, dim), the summary first."""
        tokens = [self.summary.expand(len(numeric), 1, -1)]
        if self.scale is not None:
            tokens.append(numeric[:, :, None] * self.scale + self.shift)
        tokens += [embed(categorical[:, i, None]) for i, embed in enumerate(self.embeddings)]
        return torch.cat(tokens, dim=1)


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, nn.Dropout(dropout)
        self.qkv, self.project = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, dim) -> the same."""
        parts = self.qkv(x).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        dropout = self.dropout.p if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        outputs: Tensor = self.project(mixed.transpose(1, 2).flatten(2))
        return outputs


class Block(nn.Module):
    """Attention, then a gated feed-forward part (ReGLU), each on normalised inputs and added."""

    def __init__(self, dim: int, num_heads: int, dropout: float, is_first: bool) -> None:
        super().__init__()
        wide = int(dim * WIDENING)
        self.norm1 = nn.Identity() if is_first else nn.LayerNorm(dim)  # as in the paper
        self.attention = Attention(dim, num_heads, dropout)
        self.norm2 = nn.LayerNorm(dim)
        self.widen, self.narrow = nn.Linear(dim, 2 * wide), nn.Linear(wide, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, dim) -> the same."""
        x = x + self.attention(self.norm1(x))
        values, gates = self.widen(self.norm2(x)).chunk(2, dim=-1)
        y: Tensor = x + self.narrow(self.dropout(values * functional.relu(gates)))
        return y


class FTTransformer(nn.Module):
    """Tokens of the columns and a summary token through pre-norm blocks; a head on the summary.

    Args:
        state: The table's fitted state: its numeric columns and its categories.
        num_outputs: Width of the head.
        hidden_dim: Width of a token.
        num_layers: Number of blocks.
        num_heads: Attention heads; must divide `hidden_dim`.
        dropout: Dropout of attention and of the feed-forward part.

    Raises:
        UserError: The heads do not divide the width.
    """

    def __init__(
        self,
        state: State,
        num_outputs: int,
        hidden_dim: int = 192,
        num_layers: int = 3,
        num_heads: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if hidden_dim % num_heads:
            raise UserError(f"model.num_heads={num_heads} must divide hidden_dim={hidden_dim}.")
        sizes = [len(values) + 1 for values in state["categories"].values()]  # 0 is unknown
        self.tokenizer = Tokenizer(len(state["numeric"]), sizes, hidden_dim)
        self.blocks = nn.Sequential(
            *(Block(hidden_dim, num_heads, dropout, i == 0) for i in range(num_layers))
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.head = nn.Linear(hidden_dim, num_outputs)
        initialise_weights(self)
        for module in self.modules():
            if isinstance(module, Attention):  # feeds no ReLU
                nn.init.xavier_uniform_(module.qkv.weight)
                nn.init.xavier_uniform_(module.project.weight)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Normalised numbers (N, D) and codes (N, C) -> (N, num_outputs)."""
        summary = self.blocks(self.tokenizer(numeric, categorical))[:, 0]
        outputs: Tensor = self.head(functional.relu(self.norm(summary)))
        return outputs
