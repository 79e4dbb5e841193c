"""A multilayer perceptron for tables: numbers beside learned embeddings of the categories."""

import torch
from dlproof import State
from torch import Tensor, nn

from .initialise import initialise_weights


class MLP(nn.Module):
    """Embeddings, then `num_layers` of linear, batch norm, ReLU and dropout, then a linear head.

    Args:
        state: The table's fitted state: its numeric columns and its categories.
        num_outputs: Width of the head.
        hidden_dim: Width of the hidden layers.
        num_layers: Number of hidden layers.
        dropout: After each hidden layer.
    """

    def __init__(
        self,
        state: State,
        num_outputs: int,
        hidden_dim: int = 128,
        num_layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        sizes = [len(values) + 1 for values in state["categories"].values()]  # 0 is unknown
        widths = [embedding_width(size) for size in sizes]
        self.embeddings = nn.ModuleList(
            nn.Embedding(size, width) for size, width in zip(sizes, widths, strict=True)
        )
        layers: list[nn.Module] = []
        width_in = len(state["numeric"]) + sum(widths)
        for _ in range(num_layers):
            layers += [nn.Linear(width_in, hidden_dim), nn.BatchNorm1d(hidden_dim)]
            layers += [nn.ReLU(), nn.Dropout(dropout)]
            width_in = hidden_dim
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width_in, num_outputs)
        initialise_weights(self)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Normalised numbers (N, D) and codes (N, C) -> (N, num_outputs)."""
        parts = [numeric]
        parts += [embed(categorical[:, i]) for i, embed in enumerate(self.embeddings)]
        outputs: Tensor = self.head(self.layers(torch.cat(parts, dim=1)))
        return outputs


def embedding_width(num_values: int) -> int:
    """Width of an embedding: 1.6 n^0.56, at most 64 (fastai's rule for tables)."""
    return min(64, round(1.6 * num_values**0.56))
