"""Faults of phase 3 in the weights that a network starts from."""

from faults.harness import Fault
from faults.sanity import LADDER, check_broken, prove_again


def start_from_weights(work):
    """As with `model=timm` and a file of weights: timm's smallest network, of random numbers."""
    import timm
    import torch

    weights = "weights.pth"
    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet").state_dict(), work.root / weights)
    work.edit("configs/config.yaml", "model: resnet_tiny", "model: timm")
    work.set_config("model/timm.yaml", architecture="test_resnet", weights=weights)
    prove_again(work, LADDER)


def initialise_afterwards(work):
    """What a line behind the loading does: the weights are fresh again, and nothing says so."""
    import torch

    def change(network):
        for parameter in network.backbone.parameters():
            torch.nn.init.normal_(parameter, std=0.02)

    check_broken(work, change)


def rename_a_key(work):
    import torch

    content = torch.load("weights.pth")
    content["old.layer1.0.conv1.weight"] = content.pop("layer1.0.conv1.weight")
    (work.root / "weights.pth").unlink()
    torch.save(content, work.root / "weights.pth")
    prove_again(work, LADDER)


def start_with_tiny_weights(work):
    import torch

    def change(network):
        for parameter in network.backbone.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.01)

    check_broken(work, change)


def put_a_gate(std=None):
    """A hidden layer before a tanh, with Glorot's deviation or another."""

    def apply(work):
        import torch

        def change(network):
            layer = torch.nn.Linear(128, 128)
            torch.nn.init.xavier_normal_(layer.weight)
            if std is not None:
                torch.nn.init.normal_(layer.weight, std=std)
            head = network.backbone.head
            network.backbone.head = torch.nn.Sequential(layer, torch.nn.Tanh(), head)

        check_broken(work, change)

    return apply


FAULTS = [
    Fault(
        "DL-16.2",
        "pretrained in name, its weights random",
        initialise_afterwards,
        also=("DL-22.3",),
        given=start_from_weights,
    ),
    Fault("DL-22.1", "every weight drawn with 0.01", start_with_tiny_weights),
    Fault("DL-22.2", "a layer before a tanh with 1.0", put_a_gate(1.0), given=put_a_gate()),
    Fault(
        "DL-22.3",
        "a key of another name, which strict=False hides",
        rename_a_key,
        also=("DL-16.2",),
        given=start_from_weights,
    ),
]
