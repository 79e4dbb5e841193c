"""GitLab's `.gitlab-ci.yml`: what its jobs run at every push and every merge request."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from .script import EVERY, PUSH, REQUEST, Reference, Script, fill, flatten, is_true, read_yaml

DEPTH = 10  # of jobs that extend others, as GitLab has it


def read_gitlab(path: Path) -> Iterator[Script]:
    """The scripts of GitLab's jobs, with those of files of the repository that it includes."""
    content = gather_gitlab(path, set())
    usual = content | (content.get("default") or {})
    before = usual.get("before_script", [])
    for name, job in content.items():
        if (
            isinstance(job, dict)
            and not str(name).startswith(".")
            and name not in ("default", "variables")
        ):
            whole = resolve({"before_script": before} | extend(job, content), content)
            text = "\n".join(flatten([whole.get("before_script", []), whole.get("script", [])]))
            for filled in fill(text, read_matrix(whole), r"\$\{?NAME\b\}?"):
                yield Script(path.as_posix(), filled, find_pipelines(whole, content), pipefail=True)


def gather_gitlab(path: Path, seen: set[Path]) -> dict[str, Any]:
    """A file's keys over those of the local files that it includes."""
    if path in seen or not path.is_file():
        return {}
    seen.add(path)
    content = read_yaml(path)
    found: dict[str, Any] = {}
    listed = content.get("include") or []
    for entry in listed if isinstance(listed, list) else [listed]:
        local = entry.get("local", "") if isinstance(entry, dict) else str(entry)
        found |= gather_gitlab(Path(str(local).lstrip("/")), seen)
    return found | content


def resolve(part: Any, content: dict[str, Any], within: tuple[Reference, ...] = ()) -> Any:
    """A part of a job with what its references stand for: nothing where they go in a circle."""
    if isinstance(part, Reference):
        job, *keys = part
        found: Any = extend(content.get(job, {}), content) if part not in within else {}
        for key in keys:
            found = found.get(key, [])
        return resolve(found, content, (*within, part))
    if isinstance(part, list):
        items = [(item, resolve(item, content, within)) for item in part]
        lists = [found if isinstance(item, Reference) else [found] for item, found in items]
        return [*chain.from_iterable(lists)]
    if isinstance(part, dict):
        return {key: resolve(value, content, within) for key, value in part.items()}
    return part


def extend(job: dict[str, Any], content: dict[str, Any], depth: int = DEPTH) -> dict[str, Any]:
    """A job with the keys of those that it extends."""
    parents = job.get("extends") or []
    found: dict[str, Any] = {}
    for name in parents if isinstance(parents, list) else [parents]:
        if isinstance(content.get(name), dict) and depth:
            found |= extend(content[name], content, depth - 1)
    return found | job


def find_pipelines(job: dict[str, Any], content: dict[str, Any]) -> frozenset[str]:
    """When a job of GitLab's runs and counts; a branch's pipeline is that of its request too."""
    if is_true(job.get("allow_failure")) or job.get("when", "on_success") not in (
        "on_success",
        "always",
    ):
        return frozenset()
    return read_rules(job) & read_rules(resolve(content.get("workflow") or {}, content))


def read_rules(part: dict[str, Any]) -> frozenset[str]:
    """What the rules of a job or of all pipelines let through; everything if there are no rules."""
    rules = [rule for rule in part.get("rules") or [] if isinstance(rule, dict)]
    kept = [
        r
        for r in rules
        if r.get("when", "always") in ("always", "on_success")
        and not is_true(r.get("allow_failure"))
    ]
    if "rules" in part:
        texts = [
            str(rule.get("if", "CI_COMMIT_BRANCH")) for rule in kept if not rule.get("changes")
        ]
    elif "only" in part:
        only = part["only"]
        texts = list(map(str, only.get("refs", []) if isinstance(only, dict) else flatten(only)))
    else:
        return EVERY
    pushed = any(re.search(r"BRANCH|push|branches|main|master", text) for text in texts)
    asked = any("merge_request" in text for text in texts)
    every = any(
        text in ("CI_COMMIT_BRANCH", "$CI_COMMIT_BRANCH", "branches", "pushes") for text in texts
    )
    return frozenset([PUSH] * pushed + [REQUEST] * (asked or every))


def read_matrix(job: dict[str, Any]) -> dict[str, list[Any]]:
    """The values of each variable of a job's `parallel: matrix`."""
    parallel = job.get("parallel")
    found: dict[str, list[Any]] = {}
    for row in (parallel.get("matrix") or []) if isinstance(parallel, dict) else []:
        for name, value in row.items():
            found.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    return found
