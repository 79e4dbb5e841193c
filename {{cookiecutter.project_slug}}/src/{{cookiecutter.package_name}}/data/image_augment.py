"""Random changes of training images: drawn per item, applied to whole batches on their device."""

from dataclasses import dataclass

import torch
from dlproof import State
from dlproof.data import ImageChange, erase, light, make_mixer, move, rand_augment
from torch import Tensor


@dataclass
class ImageAugmentation(ImageChange):
    """Crop, flip, rotate, change light, erase and mix; what moves in from outside is black.

    0 or false switches a change off. All but mixing should keep the label: see `change`.

    Attributes:
        state: Content of `state.json`: mixing needs the number of classes.
        crop: Padding before a random crop to the same size, as a share of the width.
        resized_crop: Smallest area, as a share of the image, of a random window that is resized to
            the whole (Szegedy et al. 2015), instead of `crop`; what moves in repeats the border.
        flip: Mirror half of the items left to right.
        flip_vertical: Mirror half of the items top to bottom.
        rotate_degrees: Largest rotation.
        scale: Largest zoom in or out, as a share.
        brightness: Pixels are multiplied by a factor in 1 ± this.
        contrast: The same, for the distance to the image's mean grey.
        saturation: The same, for the distance to each pixel's grey.
        rand_augment: Magnitude, up to 30, of two operations (Cubuk et al. 2020).
        erase: Share of items in which a box becomes black (Zhong et al. 2020).
        mixup: Alpha of the Beta distribution of the shares (Zhang et al. 2018).
        cutmix: The same, for areas (Yun et al. 2019); with both, each batch uses one at random.
    """

    state: State
    crop: float = 0.0
    resized_crop: float = 0.0
    flip: bool = False
    flip_vertical: bool = False
    rotate_degrees: float = 0.0
    scale: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    rand_augment: int = 0
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        """Makes the mixer; only classes can be mixed."""
        self.mix = make_mixer(self.state, mixup=self.mixup, cutmix=self.cutmix)

    def __call__(
        self, inputs: dict[str, Tensor], targets: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Changes a batch.

        Args:
            inputs: `image`, uint8 (N, C, H, W).
            targets: Classes (N,).

        Returns:
            `image` as float, 0 to 255, and the targets; with mixing these are shares (N, classes).
        """
        image = self.change(inputs["image"])
        if self.mix is not None:
            image, targets = self.mix(image, targets)
        return {"image": image}, targets

    @torch.no_grad()
    def change(self, image: Tensor) -> Tensor:
        """The changes within single items, which should keep the label: uint8 -> float."""
        with torch.autocast(image.device.type, enabled=False):  # coordinates need full precision
            if self.rand_augment:
                image = rand_augment(image, self.rand_augment)
            image = move(
                image,
                crop=self.crop,
                resized_crop=self.resized_crop,
                flip=self.flip,
                flip_vertical=self.flip_vertical,
                rotate_degrees=self.rotate_degrees,
                scale=self.scale,
            )
            image = light(image.float(), self.brightness, self.contrast, self.saturation)
            return erase(image, self.erase)
