"""Changes of training items."""

from dataclasses import dataclass

import torch
from dlproof.data import ImageChange, light


@dataclass
class Light(ImageChange):
    """Brighter or darker pictures."""

    state: dict
    brightness: float = 0.0

    def __call__(self, inputs, targets):
        """Changes `image`."""
        return {"image": self.change(inputs["image"])}, targets

    @torch.no_grad()
    def change(self, image):
        """What each picture goes through."""
        return light(image.float(), self.brightness, 0.0, 0.0)


@dataclass
class Noise:
    """Noise on numbers, as a share of each column's deviation."""

    state: dict
    deviation: float

    def __call__(self, inputs, targets):
        """Changes `numeric`."""
        columns = self.state["data"]["numeric"].values()
        scale = self.deviation * torch.tensor([column["std"] for column in columns])
        noise = torch.randn_like(inputs["numeric"]) * scale
        return inputs | {"numeric": inputs["numeric"] + noise}, targets
