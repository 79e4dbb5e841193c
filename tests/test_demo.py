"""The demo from nothing, and the locks on every Python: minutes each, in `make test-slow`."""

import json
import shutil
import subprocess

import demo
import pytest
from conftest import PROJECT, TEMPLATE


@pytest.mark.slow
def test_demo_goes_from_nothing_to_a_monitored_model(clone):
    done = subprocess.run(["make", "demo"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "data/raw/7/0007.png: 7 (" in done.stdout
    reached = done.stdout.partition("what it reached")[2]
    for stage in ("baselines", "evaluate", "export", "benchmark", "probe", "monitor"):
        assert f"\n  {stage} " in reached
    assert "Where to look" in reached


@pytest.mark.slow
def test_demo_bootstraps_uv_where_there_is_none(clone):
    system = {"PATH": "/usr/bin:/bin", "HOME": str(clone.parent)}
    made = subprocess.run(["make", ".uv/bin/uv"], cwd=clone, env=system, check=False)
    assert made.returncode == 0
    assert subprocess.run([clone / ".uv" / "bin" / "uv", "--version"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("lock", [TEMPLATE / "requirements.lock", PROJECT / "requirements.lock"])
def test_lock_resolves_on_every_python(lock, python, tmp_path):
    uv = shutil.which("uv") or TEMPLATE / ".uv" / "bin" / "uv"
    command = ["pip", "install", "--dry-run", "--require-hashes", f"--python-version={python}"]
    target = f"--target={tmp_path / 'target'}"
    subprocess.run([uv, *command, target, "--requirements", lock], check=True)


def test_the_demo_lists_the_reports_of_stages_in_the_order_in_which_they_ran(tmp_path):
    (tmp_path / "reports").mkdir()
    for number, stage in enumerate(("train", "clean")):
        report = {"stage": stage, "created": f"2026-01-0{2 - number}", "seconds": 1, "summary": "."}
        (tmp_path / "reports" / f"{stage}.json").write_text(json.dumps(report))
    (tmp_path / "reports" / "tests.json").write_text('{"covers": "", "whole": true, "tests": {}}')
    told = demo.describe_reports(tmp_path)
    assert [line.split()[0] for line in told.splitlines()] == ["clean", "train"]
