"""A service whose inputs move: DVC, `monitor` and the checklist say so, each when it can know."""

import json
import shutil
import subprocess
import sys

import httpx
import pandas as pd
from conftest import importing, run
from demo import free_port, wait_until_ready

PACKAGE = "tabular_classification"
WATCHED = ("DL-38.1", "DL-38.2", "DL-39.1")


def judge(project) -> dict[str, str]:
    """Bullet -> its status, for those on monitoring."""
    told = json.loads(run("-m", PACKAGE, "checklist", "--json", project=project).stdout)
    return {name: told["bullets"][name]["status"] for name in WATCHED}


def test_two_hundred_shifted_rows_make_monitoring_stale_and_then_fail(finished, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(finished("tabular-classification"), project, symlinks=True)
    assert set(judge(project).values()) == {"verified"}

    (table,) = project.glob("data/raw/*.csv")
    rows = pd.read_csv(table).sample(200, replace=True, random_state=0)
    numbers = rows.select_dtypes("number").columns
    rows[numbers] = [0.9 * rows[numbers].max()] * len(
        rows
    )  # what is out of bounds would be refused
    serve(project, rows)

    status = run("-m", "dvc", "status", "monitor", project=project, check=True).stdout
    assert "monitor:" in status, status
    assert set(judge(project).values()) == {"stale"}

    monitored = run("-m", PACKAGE, "monitor", project=project)
    assert monitored.returncode == 0, monitored.stderr
    assert "200 live" in monitored.stdout
    assert judge(project)["DL-39.1"] == "failing"
    assert "verified" not in {judge(project)[name] for name in ("DL-38.1", "DL-39.1")}


def serve(project, rows: pd.DataFrame) -> None:
    """Sends rows to the project's service, a request each ten."""
    port = free_port()
    command = [sys.executable, "-m", PACKAGE, "serve", f"serve.port={port}"]
    env, quiet = importing(project), subprocess.DEVNULL
    with subprocess.Popen(command, cwd=project, env=env, stderr=quiet) as service:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, service)
            for start in range(0, len(rows), 10):
                part = json.loads(rows[start : start + 10].to_json(orient="records"))
                answer = httpx.post(f"{address}/predict", json={"rows": part}, trust_env=False)
                assert answer.is_success, answer.text
        finally:
            service.terminate()
