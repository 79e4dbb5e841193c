"""What git knows of the template and of the place of a new project."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def link(project: Path, answers: dict, template: Path, *, told: bool) -> None:
    """Write `.cruft.json`: where the template is, its commit, the answers; or say what to run.

    Cruft, which does this itself, renders without cookiecutter's `_repo_dir`: nothing is done then.
    """
    if "_repo_dir" not in answers:
        return
    commit, complaint = ask_git(template, "rev-parse", "--show-prefix", "HEAD")
    # Below its repository's root, a prefix precedes the commit: then it is not the template's.
    if not commit or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        reason = "it is no git repository of its own"
        if complaint and "not a git repository" not in complaint:
            reason = f"there, {complaint}"
        given = {name: value for name, value in answers.items() if not name.startswith("_")}
        print(
            f"Not linked to the template {answers['_template']}, since its commit is unknown: "
            f"{reason}.\nTo follow the template, run in the project, with the "
            "address of the template's repository:\n  uvx cruft link --no-input "
            f"--checkout v{answers['__template_version']} "
            f"--extra-context {shlex.quote(json.dumps(given))} ADDRESS",
            file=sys.stderr,
        )
        return
    # A path that was typed is the address; a clone of cookiecutter's knows where it came from.
    typed = answers["_template"] == answers["_repo_dir"]
    origin = None if typed else ask_git(template, "config", "--get", "remote.origin.url")[0]
    # An address may hold a password, and this file is committed.
    address = re.sub(r"^(https?://)[^/@]+@", r"\1", origin or str(template))
    address = address.removeprefix("file://")
    names = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    context = {name: answers[name] for name in names if name in answers}
    context |= {"_template": address, "_commit": commit}
    state = {"template": address, "commit": commit, "checkout": answers["_checkout"]}
    state |= {"context": {"cookiecutter": context}, "directory": None}
    text = json.dumps(state, ensure_ascii=False, indent=2) + "\n"
    (project / ".cruft.json").write_text(text, encoding="utf-8")
    parts = ("cookiecutter.json", "hooks", "dl_template/*.py", "*cookiecutter.project_slug*")
    if told and ask_git(template, "status", "--porcelain", "--", *parts)[0]:
        print(
            f"The template has uncommitted changes, which .cruft.json cannot name: it records "
            f"commit {commit[:9]}, and `make template-diff` will show them as yours.",
            file=sys.stderr,
        )


def ask_git(folder: Path, *arguments: str) -> tuple[str, str]:
    """Ask git about a folder; returns its answer, or nothing and what it complained of."""
    # Within a hook of git, GIT_DIR is another repository.
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command, env=environment | {"LC_ALL": "C"}, capture_output=True, text=True
        )
    except OSError as error:
        return "", f"git cannot be started ({error.strerror})"
    if done.returncode:
        return "", f"git says: {' '.join(done.stderr.split()).rstrip('.')}"
    return done.stdout.strip(), ""


def describe_around(project: Path) -> str:
    """Say what a repository around a project needs; nothing where there is none that would care."""
    around, complaint = ask_git(project, "rev-parse", "--show-toplevel")
    if "dubious ownership" in complaint:
        return f"  (Not looked for a repository around it: {complaint}.)\n"
    if not around or Path(around) == project.resolve() or ask_git(project, "check-ignore", ".")[0]:
        return ""
    ignored = shlex.quote(f"/{Path(os.path.relpath(project.resolve(), around)).as_posix()}/")
    return (
        f"  (Inside the git repository {around}: `make setup` gives it one of its own.\n"
        "  `git add .` out there then fails, or takes it in without its files, unless:\n"
        f"  echo {ignored} >> {shlex.quote(around)}/.gitignore)\n"
    )
