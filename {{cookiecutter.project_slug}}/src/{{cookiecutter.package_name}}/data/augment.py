"""The protocol of augmentation, which training alone applies; one file a data type.

An option is a class named by `_target_` in `configs/augmentation/`, such as
`image_augment.ImageAugmentation`.
"""

from typing import Protocol

from torch import Tensor


class Augmentation(Protocol):
    """Changes whole batches on their device, each item by its own draw of torch's generators.

    It may have `judge(store, predict, features, sheet)`, which finds whether changed items keep
    their label and draws some of them; see `image_augment.ImageAugmentation`.
    """

    def __call__(
        self, inputs: dict[str, Tensor], targets: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs by name and targets (N,) -> the same, changed.

        Where items are mixed, targets are the shares of the classes (N, classes).
        """
