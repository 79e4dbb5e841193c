"""A real SLURM: a job of two processes that is requeued ends as the one that was not."""

import itertools
import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import run
from slurm_cluster import Cluster

pytestmark = pytest.mark.slow
PACKAGE = "tumours"
JOB = (
    *("train", "launcher=slurm", "launcher.cpus_per_task=1", "launcher.signal_seconds=60"),
    *("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=30"),
    *("logger=[csv]", "callbacks.early_stopping=null", "callbacks.resume.every_n_train_steps=20"),
)
MOMENTS = 5  # for each way and number of workers: 20 jobs in all
STAGES = ("ingest", "clean", "split", "preprocess", "sanity", "find_lr")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    try:
        cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    except RuntimeError as error:
        pytest.skip(f"SLURM does not run here: {error}")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PATH", "SLURM_CONF"):
            patch.setenv(name, cluster.environment[name])
        yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def project(baked, tmp_path_factory):
    project = tmp_path_factory.mktemp("project") / PACKAGE
    shutil.copytree(baked("tabular-classification"), project)
    for stage in STAGES:
        assert call(project, stage).returncode == 0
    return project


def call(project: Path, *command: str) -> subprocess.CompletedProcess:
    (package,) = (path.name for path in (project / "src").iterdir() if path.is_dir())
    return run("-m", package, *command, project=project, check=False)


def submit(project, *more) -> tuple[str, Path]:
    """The job's id, and the folder of its run."""
    done = call(project, *JOB, *more)
    assert done.returncode == 0, done.stderr
    job, folder = (re.search(it, done.stdout)[1] for it in (r"job (\d+) is", r"its run: +(.+)"))
    return job, Path(folder)


def wait_for_state(folder: Path) -> None:
    """Until a run has something to go on from."""
    deadline = time.monotonic() + 90
    while not list(folder.glob("checkpoints/resume-*.ckpt")):
        assert time.monotonic() < deadline, "the job does not train"
        time.sleep(0.1)


def end(folder: Path) -> tuple[dict, dict]:
    newest = max(folder.glob("checkpoints/epoch-*.ckpt"))
    record = json.loads((folder / "record.json").read_text())
    assert record["status"] == "finished"
    return torch.load(newest, weights_only=True), record


def assert_same_end(one: Path, other: Path) -> None:
    (content, record), (content_2, record_2) = end(one), end(other)
    assert content["global_step"] == content_2["global_step"]
    for name, tensor in content["state_dict"].items():
        if "metrics" not in name:
            assert torch.equal(tensor, content_2["state_dict"][name]), name
    key = "best_val_accuracy" if "best_val_accuracy" in record else "best_val_f1_macro"
    assert record[key] == record_2[key]
    assert record["metrics"]["val/loss"] == record_2["metrics"]["val/loss"]


@pytest.fixture(scope="module")
def whole(project, cluster):
    """The run of a job that nobody disturbs."""
    began = time.monotonic()
    _, folder = submit(project, "launcher.wait=true")
    assert end(folder)[1]["processes"] == 2
    print(f"undisturbed: {time.monotonic() - began:.1f} s", file=sys.stderr)
    return folder


@pytest.mark.parametrize(
    ("way", "workers", "moment"),
    list(itertools.product(("preempted", "time limit"), (0, 2), range(MOMENTS))),
)
def test_a_requeued_job_goes_on_with_its_run_and_ends_with_the_same_bits(
    project, cluster, whole, way, workers, moment
):
    job, folder = submit(project, f"loader.num_workers={workers}")
    wait_for_state(folder)
    time.sleep(random.Random(moment).uniform(0, 2))
    if way == "preempted":
        cluster.run("scontrol", "requeue", job)
    else:  # what SLURM sends to all processes before the limit; the job requeues itself
        cluster.run("scancel", "--signal=USR2", job)
    cluster.hurry(job)
    cluster.wait_for("JobState=COMPLETED", "scontrol", "show", "job", job, seconds=120)
    assert cluster.show(job, "Restarts") == "1"
    record = end(folder)[1]
    assert [life["step"] > 0 for life in record["resumed"]] == [True]
    assert_same_end(whole, folder)
    report = json.loads((project / "reports" / "train.json").read_text())
    assert report["figures"]["run"] == folder.name


def test_what_slurm_refuses_is_a_sentence(project, cluster):
    done = call(project, *JOB, "launcher.partition=none")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("train: sbatch refused the job: ")
    assert "Traceback" not in done.stderr
