"""A frozen backbone is scored where its weights can be had, and it is said where they cannot."""

import numpy as np
import pytest
import timm
import torch
from dlproof.config import build, compose
from dlproof.data.store import load_store
from dlproof.files import hash_file
from torch.nn.functional import interpolate

TINY = "test_resnet.r160_in1k"
CHOSEN = (f"baselines.backbone={TINY}", "baselines.weights=weights.pth")


@pytest.fixture
def package():
    return "own"


@pytest.fixture
def weights(processed):
    torch.manual_seed(1)
    torch.save(timm.create_model(TINY).state_dict(), "weights.pth")
    return processed / "weights.pth"


def test_the_score_is_that_of_a_linear_model_on_the_frozen_features(weights, run):
    found = run("baselines", *CHOSEN).figures["pretrained"]
    assert found["scored"]
    assert found["weights"]["sha256"] == hash_file(weights)
    assert found["weights"]["loaded"] == found["weights"]["tensors"]
    network = timm.create_model(TINY, num_classes=0).eval()
    network.load_state_dict(torch.load(weights), strict=False)
    cfg, store = compose(["data=folder", "data.root=raw"]), load_store("data")
    features = []
    for split in ("train", "validation"):
        images = torch.from_numpy(store.take(store.rows(split))["image"]) / 255
        images = interpolate(images, (128, 128), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(network.pretrained_cfg[key]) for key in ("mean", "std"))
        with torch.no_grad():
            inputs = (images.expand(-1, 3, -1, -1) - mean[:, None, None]) / std[:, None, None]
            features.append(network(inputs).numpy())
    task = build(cfg.task)
    model = task.baselines(cfg.seed)[{"max": "logistic_regression", "min": "ridge"}[task.mode]]
    model.fit(features[0], np.asarray(store.targets[store.rows("train")]))
    predictions = task.predict_baseline(model, features[1], store.state["task"])
    expected = task.metrics(np.asarray(store.targets[store.rows("validation")]), predictions)
    assert found["scores"] == pytest.approx(expected, abs=0.02)


def test_a_file_that_lacks_tensors_gives_no_score(weights, run):
    content = torch.load(weights)
    content.pop("layer1.0.conv1.weight")
    torch.save(content, weights)
    found = run("baselines", *CHOSEN).figures["pretrained"]
    assert not found["scored"]
    assert "lacks 1 tensors" in found["reason"]
    assert "scores" not in found


def test_weights_that_cannot_be_had_are_said_so(processed, run, monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    found = run("baselines").figures["pretrained"]
    assert not found["scored"]
    assert f"{found['tried']} are not available" in found["reason"]
