"""The small residual network halves the image from stage to stage."""

import pytest
import torch

from {{ cookiecutter.package_name }}.model.resnet import ResidualBlock, ResNetTiny

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("widths", "blocks"), [((8,), 1), ((8, 16), 2), ((8, 16, 32), 1)])
def test_it_takes_images_of_any_size_and_every_parameter_has_a_gradient(channels, widths, blocks):
    state = {"shapes": {"image": [channels, 32, 32]}}
    network = ResNetTiny(state, 5, widths=widths, blocks=blocks, dropout=0.0)
    assert len(network.stages) == len(widths) * blocks
    for size in (8, 33):
        assert network(torch.randn(2, channels, size, size)).shape == (2, 5)
    network(torch.randn(4, channels, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_stem_and_later_stages_halve_the_image():
    network = ResNetTiny({"shapes": {"image": [1, 32, 32]}}, 2, widths=(4, 8, 16))
    assert network.stages(network.stem(torch.randn(1, 1, 32, 32))).shape == (1, 16, 4, 4)


@pytest.mark.parametrize(("width", "stride"), [(4, 1), (8, 1), (4, 2)])
def test_a_block_adds_its_input_to_what_it_computes(width, stride):
    block = ResidualBlock(4, width, stride).eval()
    torch.nn.init.zeros_(block.norm2.weight)  # nothing but the shortcut is left
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(block(x), block.shortcut(x).relu())
