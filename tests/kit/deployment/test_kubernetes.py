"""The training job's manifest says what a run needs to be stopped and to go on."""

from pathlib import Path

import pytest
import yaml

from ..projects import IMAGE, render


@pytest.fixture
def deploy(tmp_path):
    """The folder as it is generated."""
    render(tmp_path, "own", IMAGE, "deploy")
    return tmp_path / "deploy"


@pytest.fixture
def manifests(deploy):
    return list(yaml.safe_load_all((deploy / "kubernetes" / "train-job.yaml").read_text()))


@pytest.fixture
def service(manifests):
    return manifests[0]


@pytest.fixture
def job(manifests):
    return manifests[1]["spec"]


def read_environment(job):
    (container,) = job["template"]["spec"]["containers"]
    return {variable["name"]: variable.get("value") for variable in container["env"]}


def test_every_node_is_a_pod_with_as_many_processes_as_gpus(job):
    environment = read_environment(job)
    (container,) = job["template"]["spec"]["containers"]
    assert job["completionMode"] == "Indexed"
    assert job["completions"] == job["parallelism"] == int(environment["NODES"])
    gpus = container["resources"]["limits"]["nvidia.com/gpu"]
    assert gpus == int(environment["PROCESSES"])


def test_all_pods_meet_at_the_first_one_under_a_name_that_the_service_gives(service, job):
    name = service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"]  # they meet before they are ready
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    assert job["template"]["spec"]["subdomain"] == name
    assert read_environment(job)["RENDEZVOUS"].startswith(f"{name}-0.{name}:")


def test_a_preempted_pod_costs_no_try_and_goes_on_in_the_folder_of_its_job(job):
    disruption, config = job["podFailurePolicy"]["rules"]
    assert disruption["action"] == "Ignore"
    assert disruption["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (config["action"], config["onExitCodes"]["values"]) == ("FailJob", [2])
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # Kubernetes refuses a podFailurePolicy otherwise
    assert job["podReplacementPolicy"] == "Failed"
    (container,) = pod["containers"]
    assert read_environment(job)["DL_RUN_DIR"].startswith("/shared/runs/")
    folders = ("data", "models", "reports", "runs")
    assert container["args"] == [f"paths.{name}_dir=/shared/{name}" for name in folders]
    assert container["volumeMounts"][0] == {"name": "shared", "mountPath": "/shared"}


def test_a_stopped_pod_gets_longer_than_torchrun_waits_for_the_state(deploy, job):
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] > 30
    (container,) = job["template"]["spec"]["containers"]
    script = Path(container["command"][0])
    assert (deploy.parent / script).stat().st_mode & 0o100
    assert "\nexec python -m torch.distributed.run" in (deploy.parent / script).read_text()
