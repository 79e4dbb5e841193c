"""Pretrained weights are found without a network, held against their file, and asked for once."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from unittest.mock import Mock

import pytest
import timm
import torch
from dlproof.config import build, compose, to_plain
from dlproof.errors import UserError
from dlproof.files import hash_file, read_json
from dlproof.model.checkpoint import load_network
from dlproof.model.weights import (
    FILE,
    compare_weights,
    describe_weights,
    find_published,
    find_weights,
)
from dlproof.training import sanity
from own.model.network import build_network
from own.model.pretrained import create
from own.training.module import LitModel
from torch import nn

TINY = "test_resnet.r160_in1k"
CHOSEN = ("model=timm", f"model.architecture={TINY}", "model.weights=weights.pth")
SHORT = (
    "trainer.max_epochs=1",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
    "callbacks.resume.every_n_train_steps=2",
)


@pytest.fixture
def package():
    return "own"


class Hub(BaseHTTPRequestHandler):
    """What the Hugging Face hub answers to a client that asks for one file."""

    content = b"weights"
    asked: ClassVar[list[str]] = []

    def do_HEAD(self):
        self.asked.append(f"{self.command} {self.path}")
        known = self.path in ("/", f"/{find_published(TINY)}/resolve/main/{FILE}")
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(self.content)))
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def weights(processed):
    """A file as a pretrained timm network's would be, of random numbers."""
    torch.manual_seed(1)
    torch.save(timm.create_model(TINY).state_dict(), "weights.pth")
    return processed / "weights.pth"


def load(path, **options):
    source = {"file": str(path), "custom_load": False}
    return timm.create_model(
        TINY, pretrained=True, pretrained_cfg_overlay=source, num_classes=3, **options
    )


def test_a_hub_that_cannot_be_reached_is_given_up_within_seconds(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    started = time.perf_counter()
    refused = r"test_resnet\.r160_in1k are not available.*model\.safetensors"
    with pytest.raises(UserError, match=refused):
        find_weights(find_published(TINY), None)
    assert time.perf_counter() - started < 5


def test_weights_are_downloaded_once(monkeypatch, tmp_path):
    from huggingface_hub import constants

    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    own = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", own)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", own + url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    try:
        path = find_weights(find_published(TINY), None)
        assert path.read_bytes() == Hub.content
        assert Hub.asked[-1].startswith("GET")
        asked = len(Hub.asked)
        assert find_weights(find_published(TINY), None) == path
        assert len(Hub.asked) == asked
        with pytest.raises(UserError, match="timm/other are not available"):
            find_weights("timm/other", None)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("path", ["absent.pth", "weights.zip"])
def test_what_is_no_file_of_weights_is_refused(tmp_path, path):
    (tmp_path / "weights.zip").touch()
    with pytest.raises(UserError, match="not a file of weights"):
        find_weights("timm/any", str(tmp_path / path))


def test_from_scratch_nothing_is_asked_for():
    assert describe_weights({"pretrained": False, "architecture": TINY}) is None
    assert describe_weights({"name": "mlp"}) is None
    assert find_published(None) is None


def test_weights_that_are_given_and_not_asked_for_are_refused():
    with pytest.raises(UserError, match=r"is false: set model\.pretrained=true"):
        describe_weights({"pretrained": False, "architecture": TINY, "weights": "own.pth"})


@pytest.mark.parametrize("error", [None, KeyError("fc.weight")])
def test_a_file_that_is_no_such_weights_is_named(tmp_path, monkeypatch, error):
    path = tmp_path / "own.pth"
    path.write_bytes(b"junk")
    if error is not None:
        monkeypatch.setattr(timm, "create_model", Mock(side_effect=error))
    state = {"shapes": {"image": [3, 8, 8]}}
    reason = "" if error is None else ".*: it has no 'fc.weight'"
    with pytest.raises(UserError, match=rf"own\.pth does not fit test_resnet{reason}"):
        create(state, 2, architecture=TINY, pretrained=True, dropout=0.0, weights=str(path))


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_name_that_timm_does_not_know_is_named(in_configs, pretrained):
    cfg = compose(["model=timm", "model.architecture=resnet81", f"model.pretrained={pretrained}"])
    with pytest.raises(UserError, match="resnet81: timm has no such model"):
        build(cfg.model, state={"shapes": {"image": [3, 8, 8]}}, num_outputs=2)
    if pretrained:
        with pytest.raises(UserError, match="resnet81: timm has no such model"):
            describe_weights(to_plain(cfg.model))


def test_only_head_and_stem_may_differ_from_the_file(weights):
    network = load(weights, in_chans=1)
    found = compare_weights(network, weights)
    assert found["changed"] == ["conv1.0.weight", "fc.bias", "fc.weight"]
    assert found["missing"] == found["unexpected"] == []
    assert found["loaded"] == found["tensors"] - 3
    nn.init.normal_(network.layer1[0].conv1.weight)
    assert compare_weights(network, weights)["missing"] == ["layer1.0.conv1.weight"]


def test_keys_that_a_file_lacks_are_named_and_not_hidden(weights, run, monkeypatch):
    content = torch.load(weights)
    content["old.conv1.weight"] = content.pop("layer1.0.conv1.weight")
    torch.save(content, weights)
    monkeypatch.setattr(sanity, "climb_ladder", lambda *_: {})  # slow, and not in question
    with pytest.raises(UserError, match=r"1 of \d+ tensors are not those of weights\.pth: layer1"):
        run("sanity", *CHOSEN)
    found = read_json("reports/sanity.json")["figures"]["weights"]
    assert (found["missing"], found["unexpected"]) == (
        ["layer1.0.conv1.weight"],
        ["old.conv1.weight"],
    )


def test_weights_of_another_architecture_are_refused(weights, run):
    content = torch.load(weights)
    content["layer1.0.conv1.weight"] = torch.zeros(3, 3)
    torch.save(content, weights)
    with pytest.raises(UserError, match=r"weights\.pth does not fit test_resnet"):
        run("sanity", *CHOSEN)


def test_a_run_whose_weights_cannot_be_had_leaves_no_folder(checked, run):
    with pytest.raises(UserError, match="not a file of weights"):
        run("train", *CHOSEN, *SHORT)
    assert not list(Path("runs").glob("exp-*"))


def test_a_run_says_what_it_started_from_and_its_checkpoint_asks_for_it_no_more(
    checked, weights, run
):
    sha256 = hash_file(weights)
    run("train", *CHOSEN, *SHORT)
    weights.unlink()  # whatever reads the checkpoint from here on has no file to ask
    (folder,) = (checked / "runs").iterdir()
    assert read_json(folder / "record.json")["weights"] == {"name": "weights.pth", "sha256": sha256}
    network, trained = load_network("models/model.ckpt", build_network)
    again = LitModel.load_from_checkpoint("models/model.ckpt", map_location="cpu")
    assert trained["model"]["pretrained"] is False
    state = again.network.state_dict()
    assert all(tensor.equal(state[name]) for name, tensor in network.state_dict().items())


def test_a_run_is_resumed_without_the_file_that_it_started_from(checked, weights, run, monkeypatch):
    from dlproof.errors import Terminated
    from dlproof.training.checkpoints import ResumeCheckpoint

    save_if_due = ResumeCheckpoint.save_if_due

    def signal_in_time(self, trainer, is_end):
        if trainer.fit_loop.total_batch_idx + 1 >= 3:
            self.note_signal(15, None)
        save_if_due(self, trainer, is_end)

    with monkeypatch.context() as patch:
        patch.setattr(ResumeCheckpoint, "save_if_due", signal_in_time)
        with pytest.raises(Terminated, match="resume=exp"):
            run("train", *CHOSEN, *SHORT)
    weights.unlink()
    assert run("train", *CHOSEN, *SHORT, "resume=latest").figures["epochs"] == 1
