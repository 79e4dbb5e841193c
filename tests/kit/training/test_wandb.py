"""Weights & Biases: offline without a key, an id a run, and one folder a run."""

import pytest
from dlproof.errors import UserError
from dlproof.training import loggers

SHORT = ("trainer.max_epochs=1", "trainer.accelerator=cpu", "logger=[csv,wandb]")


@pytest.fixture
def offline(checked, monkeypatch):
    """A project on a machine without a key."""
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(checked))
    return checked


@pytest.mark.slow
def test_wandb_works_offline_without_a_key(offline, run):
    for _ in range(2):  # each has a run of its own, in one process too
        report = run("train", *SHORT)
        folder = offline / "runs" / report.figures["run"] / "wandb"
        assert len(list(folder.glob(f"offline-run-*-{report.figures['run']}-*"))) == 1


@pytest.mark.slow
def test_a_run_that_goes_on_offline_has_one_folder_with_all_that_it_logged(offline):
    folder = offline / "runs" / "exp-2026-01-01-001"
    folder.mkdir(parents=True)
    for step in (1, 2):  # two lives
        (folder / "metrics.csv").write_text("step,val/loss\n" + "0,2.5\n1,1.5\n"[: 6 * (step - 1)])
        logger = loggers.wandb_logger(folder, "own")
        logger.log_metrics({"val/loss": 2.5 - step}, step)
        logger.finalize("success")
    (kept,) = (folder / "wandb").glob("offline-run-*")
    (log,) = kept.glob("*.wandb")
    content = log.read_bytes()
    assert all(number in content for number in (b"2.5", b"0.5"))


def test_two_clones_have_two_ids_and_one_run_keeps_its_own(tmp_path):
    folders = [tmp_path / clone / "exp-2026-01-01-001" for clone in "ab"]
    for folder in folders:
        folder.mkdir(parents=True)
    first, second = map(loggers.choose_id, folders)
    assert first.startswith("exp-2026-01-01-001-")
    assert first != second
    assert loggers.choose_id(folders[0]) == first


@pytest.mark.parametrize(
    ("written", "server", "expected"),
    [
        ("machine github.com login me password secret", None, False),
        ("machine api.wandb.ai login user password key", None, True),
        ("machine api.wandb.ai login user password key", "https://own.example", False),
        ("machine own.example login user password key", "https://own.example", True),
        ("machine", None, False),
        (None, None, False),
    ],
)
def test_a_key_is_one_for_the_server_of_wandb(tmp_path, monkeypatch, written, server, expected):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    if written is not None:
        (tmp_path / "netrc").write_text(written)
    if server is not None:
        monkeypatch.setenv("WANDB_BASE_URL", server)
    assert loggers.has_key() == expected
    monkeypatch.setenv("WANDB_API_KEY", "key")
    assert loggers.has_key()


def test_wandb_that_cannot_start_is_a_sentence(tmp_path, monkeypatch):
    import wandb

    def refuse(**_):
        raise wandb.errors.CommError("no network")

    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(wandb, "init", refuse)
    logger = loggers.wandb_logger(tmp_path, "own")
    with pytest.raises(UserError, match=r"cannot start \(no network\): set WANDB_MODE=offline"):
        _ = logger.experiment
