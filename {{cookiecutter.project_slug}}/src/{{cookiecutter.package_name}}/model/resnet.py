"""A small residual network for images of about 32 pixels (He et al. 2016, arXiv:1512.03385)."""

from collections.abc import Sequence

from dlproof import State
from torch import Tensor, nn
from torch.nn import functional

from .initialise import initialise_weights


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; a stride above 1 shrinks the image."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or width_in != width_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, width_in, H, W) -> (N, width_out, H / stride, W / stride)."""
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNetTiny(nn.Module):
    """Stem, one stage per width, mean over space, linear head.

    The stem and every stage but the first halve the image.

    Args:
        state: The data's fitted state: its `shapes` give the channels.
        num_outputs: Width of the head.
        widths: Channels of the stages.
        blocks: Residual blocks per stage.
        dropout: Before the head.
    """

    def __init__(
        self,
        state: State,
        num_outputs: int,
        widths: Sequence[int] = (32, 64, 128),
        blocks: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channels = state["shapes"]["image"][0]
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        width_in = widths[0]
        for index, width in enumerate(widths):
            for block in range(blocks):
                stride = 2 if index > 0 and block == 0 else 1
                layers.append(ResidualBlock(width_in, width, stride))
                width_in = width
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width_in, num_outputs)
        initialise_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """(N, C, H, W), normalised -> (N, num_outputs)."""
        features = self.stages(self.stem(image)).mean(dim=(2, 3))
        outputs: Tensor = self.head(self.dropout(features))
        return outputs
