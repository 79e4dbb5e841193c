"""Show the whole way: generate a project, run its pipeline, print what it reached (`make demo`)."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
BUILD = TEMPLATE / "build"
# Straight to this machine, whatever proxy the environment names.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def generate() -> Path:
    """Generate a project with the default answers into `build/`, in place of an earlier one."""
    shutil.rmtree(BUILD, ignore_errors=True)
    os.environ["DL_TEMPLATE_QUIET"] = "1"  # the demo says itself what comes next
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "cookiecutter.yaml"
        tempfile.tempdir = folder  # cookiecutter leaves every rendered hook behind
        config.write_text(f"replay_dir: {folder}\ncookiecutters_dir: {folder}\n")
        project = cookiecutter(
            str(TEMPLATE), no_input=True, output_dir=str(BUILD), config_file=str(config)
        )
    tempfile.tempdir = None
    return Path(project)


def answer(project: Path) -> None:
    """Fill the project's charter with the demo's answers, which say that they are the demo's."""
    shutil.copyfile(TEMPLATE / "tools" / "demo_charter.yaml", project / "project.yaml")


def hurry(project: Path) -> None:
    """Let `ablate` take half a minute: too few and short runs to tell much."""
    settings = project / "configs" / "stages.yaml"
    text = settings.read_text(encoding="utf-8")
    for key, value in (("seeds", 2), ("epochs", 1)):
        line = rf"(?m)^(ablate:\n(?:  .*\n)*?  {key}: )\d+"
        text, found = re.subn(line, rf"\g<1>{value}", text)
        if not found:
            sys.exit(f"demo: {settings} has no ablate.{key}")
    settings.write_text(text, encoding="utf-8")


def make(project: Path, target: str) -> None:
    """Run a make target of the project, as a person would in a new shell."""
    inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    done = subprocess.run(["make", "--no-print-directory", target], cwd=project, env=environment)
    if done.returncode:
        sys.exit(f"demo: `make {target}` failed in {project}")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(address: str, service: subprocess.Popen, seconds: float = 60) -> None:
    """Wait for the service to answer; stop the demo where it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and service.poll() is None:
        try:
            LOCAL.open(f"{address}/ready", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    sys.exit("demo: the service did not start")


def commit(project: Path) -> None:
    """Commit the project, as a lead does at kickoff: the model will name this commit."""
    author = ["-c", "user.name=demo", "-c", "user.email=demo@example.com"]
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    message = "Start from dl-template"
    command = ["git", *author, "commit", "--quiet", "--no-verify", "--message", message]
    subprocess.run(command, cwd=project, check=True)


def command_line(project: Path, *arguments: str) -> list[str]:
    """The project's own command with arguments."""
    (package,) = (path.name for path in (project / "src").iterdir())
    return [str(project / ".venv" / "bin" / "python"), "-m", package, *arguments]


def serve_one(project: Path) -> str:
    """Start the service, send it one digit over HTTP, and say what it answers."""
    digit = sorted(project.glob("data/raw/7/*.png"))[0]
    port = free_port()
    command = command_line(project, "serve", f"serve.port={port}")
    with subprocess.Popen(command, cwd=project, stderr=subprocess.DEVNULL) as service:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", service)
            body, kind = digit.read_bytes(), {"Content-Type": "image/png"}
            request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body, kind)
            with LOCAL.open(request, timeout=30) as response:
                (answer,) = json.load(response)["predictions"]
        finally:
            service.terminate()
    return f"  {digit.relative_to(project)}: {answer['label']} ({answer['probability']:.0%} sure)"


def describe_reports(project: Path) -> str:
    """One line for each report, in the order in which the stages wrote them."""
    found = [
        json.loads(path.read_text(encoding="utf-8")) for path in project.glob("reports/*.json")
    ]
    reports = [report for report in found if "stage" in report]  # others are of tests
    reports.sort(key=lambda report: report["created"])
    return "\n".join(
        f"  {report['stage']:<12}{report['seconds']:6.1f} s  {report['summary']}"
        for report in reports
    )


def main() -> None:
    """Take the steps one after another, and say how long each took."""
    started = time.monotonic()

    def say(step: str) -> None:
        print(f"\n=== {time.monotonic() - started:5.0f} s  {step}", flush=True)

    say("generate")
    project = generate()
    answer(project)
    hurry(project)
    say(f"make setup in {project.relative_to(TEMPLATE)}")
    make(project, "setup")
    commit(project)
    say("make pipeline")
    make(project, "pipeline")
    say("serve one digit")
    print(serve_one(project))
    subprocess.run(command_line(project, "monitor"), cwd=project, check=True)
    say("the checklist")
    subprocess.run(command_line(project, "checklist"), cwd=project, check=True)
    say("served and checked; what follows is optional: what each component is worth")
    subprocess.run(command_line(project, "ablate"), cwd=project, check=True)
    say("tune: a search on validation")
    subprocess.run(command_line(project, "tune"), cwd=project, check=True)
    say("make test: the checklist counts tests by what they did")
    make(project, "test")
    say("what it reached")
    print(describe_reports(project))
    subprocess.run(command_line(project, "checklist", "--html"), cwd=project, check=True)
    say("done")
    folder = project.relative_to(TEMPLATE)
    print(
        f"\nWhere to look:\n"
        f"  {folder}/reports/checklist.html   every bullet, its verdict and the figure behind it\n"
        f"  {folder}/README.md   what this project is and how to go on\n"
        f"  {folder}/reports/index.html   all pages; every figure above and more is beside them\n"
        f"  {folder}/runs/       each training run: its config, checkpoints and curves\n"
        f"  {folder}/models/     the model, as a checkpoint and as ONNX\n"
        f"\nGo on:\n"
        f"  cd {folder} && make serve"
    )


if __name__ == "__main__":
    main()
