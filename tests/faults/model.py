"""Faults of phase 3 and of the checks before training: networks that cannot learn, odd settings."""

from datetime import date

from faults.harness import Fault
from faults.sanity import BY_HEART, PROOF, check_broken, look_again, prove_again

CURVE = ("DL-19.3", "DL-23.1")  # two questions to one curve


def put_recurrent_network(work):
    import torch

    class Reader(torch.nn.Module):
        """Reads an image line by line, as it would words."""

        def __init__(self):
            super().__init__()
            self.norm = torch.nn.LayerNorm(32)
            self.cell = torch.nn.LSTM(32, 64, batch_first=True)
            self.head = torch.nn.Linear(64, 10)

        def forward(self, image):
            return self.head(self.cell(self.norm(image.flatten(1, 2)))[0][:, -1])

    def change(network):
        network.backbone = Reader()

    check_broken(work, change)


def end_the_waivers(work):
    work.charter(waivers=[])


def waive_until(until):
    return lambda work: work.charter(**{"waivers.1.until": until})


def waive_for(reason):
    return lambda work: work.charter(**{"waivers.1.reason": reason})


def measure_far_more_memory(work):
    """On a GPU, which tests have none of."""

    def change(figures):
        estimate = round(3 * figures["megabytes"]["device"])
        figures["megabytes"] = {"device": 2 * estimate, "peak": estimate}

    work.edit_report("train", change)


def add_a_rung_that_does_not_build(work):
    target = f"{work.package}.model.resnet.ResNetTiny"
    work.write("configs/model/broken.yaml", f"_target_: {target}\nname: broken\nwidths: []\n")
    prove_again(work, BY_HEART, PROOF)


def drop_out_nearly_all(work):
    work.set_config("model/resnet_tiny.yaml", dropout=0.9)


def decay_everything(work):
    work.set_config("optimizer/adamw.yaml", weight_decay=1.0)


def strip_the_norms(work):
    import torch

    def strip(module):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d):
                setattr(module, name, torch.nn.Identity())
            strip(child)

    check_broken(work, strip)


def widen_the_head(work):
    import torch

    def change(network):
        head = network.backbone.head
        network.backbone.head = torch.nn.Linear(head.in_features, head.out_features + 1)

    check_broken(work, change)


def freeze_all(work):
    check_broken(work, lambda network: network.requires_grad_(False))


def cut_the_gradient(work):
    def change(network):
        network.register_forward_hook(lambda module, inputs, outputs: outputs.detach())

    check_broken(work, change)


def shuffle_the_labels_each_step(work):
    import torch

    overfit = work.module("training.sanity").overfit

    def overfit_shuffled(network, loss, *rest):
        def shuffled(outputs, targets):
            return loss(outputs, targets[torch.randperm(len(targets))])

        return overfit(network, shuffled, *rest)

    work.patch("training.sanity", "overfit", overfit_shuffled)
    check_broken(work, lambda network: None)


def shuffle_the_labels_in_training(work):
    """Only the steps of a run do so; the batch learned by heart has its own labels."""
    import torch

    module = work.module("training.module").LitModel
    train = module.training_step

    def step(self, batch, index):
        targets = batch["targets"]
        return train(self, batch | {"targets": targets[torch.randperm(len(targets))]}, index)

    work.monkeypatch.setattr(module, "training_step", step)
    look_again(work)


def add_a_layer_that_nothing_uses(work):
    import torch

    def change(network):
        network.backbone.forgotten = torch.nn.Linear(3, 3)

    check_broken(work, change)


def bias_the_head(work):
    import torch

    def change(network):
        torch.nn.init.constant_(network.backbone.head.bias[:1], 50.0)

    check_broken(work, change)


def take_the_reason_away(work):
    work.charter(**{"need.from_scratch": "TODO"})


FAULTS = [
    Fault("DL-15.1", "a network that reads images as text", put_recurrent_network),
    Fault("DL-16.2", "from scratch, and no reason", take_the_reason_away),
    Fault(
        "DL-17.1", "200 times too many parameters, and no waiver", end_the_waivers, also=("ML-18",)
    ),
    Fault("DL-17.1", "a waiver that is over", waive_until(date(2020, 1, 1))),
    Fault("DL-17.1", "a waiver without a reason", waive_for("x1")),
    Fault("DL-17.1", "a waiver without a date", waive_until("some day")),
    Fault(
        "DL-17.2", "the measured peak far from the estimate", measure_far_more_memory, edits=True
    ),
    Fault("DL-17.3", "a rung that does not build", add_a_rung_that_does_not_build),
    Fault("DL-18.1", "dropout 0.9", drop_out_nearly_all),
    Fault("DL-18.2", "weight decay 1.0", decay_everything, also=("DL-20.1",)),
    Fault("DL-18.3", "norms stripped", strip_the_norms),
    Fault("DL-19.1", "a head one too wide", widen_the_head),
    Fault("DL-19.2", "all frozen", freeze_all, also=(*CURVE, "DL-23.3")),
    Fault("DL-19.3", "the gradient cut", cut_the_gradient, also=("DL-23.1", "DL-23.3")),
    Fault("DL-23.1", "labels shuffled each step", shuffle_the_labels_each_step, also=("DL-19.3",)),
    Fault("DL-23.1", "labels shuffled in training alone", shuffle_the_labels_in_training),
    Fault("DL-23.3", "a layer that nothing uses", add_a_layer_that_nothing_uses),
    Fault("DL-23.4", "the head's bias at 50", bias_the_head),
]
