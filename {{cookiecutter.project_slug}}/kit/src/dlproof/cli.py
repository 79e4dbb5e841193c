"""The command line, `<command> [key=value …]`; a command's code is imported when it runs."""

import importlib
import os
import re
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from .errors import Terminated, UserError, explain, nearest
from .stages import ALWAYS, PHASES
from .watch import CHILDREN, watch_child

if TYPE_CHECKING:
    from .project import Project

OTHERS = {
    "raw": "put the raw data in place and under DVC",
    "config": "write the composed config to params.yaml, where DVC watches it",
    "dvc": "write dvc.yaml from the table of stages",
    "pipeline": "run every stage whose inputs changed (dvc repro)",
    "charter": "list line by line what is missing in project.yaml",
    "data": "list data versions, compare two, draft expectations (see `data --help`)",
    "experiments": "list, show, compare and note runs (see `experiments --help`)",
    "reproduce": "train a run again from its commit, config and data, and compare the two",
    "coverage": "measure how much of the data package its tests cover",
    "checklist": "show where the project stands: table, page, gates (see `checklist --help`)",
}
HYDRAS = re.compile(r"-|[+~]*hydra[./=]")  # its options, and what sets its own config
UNREAD = 141  # exit code of a program whose reader has gone: 128 and SIGPIPE
# Of these, the ones with options of their own instead of config overrides, and their modules.
WITH_OPTIONS = {
    "data": "data.command",
    "charter": "checklist.charter",
    "coverage": "checklist.coverage",
    "checklist": "checklist.command",
    "experiments": "training.command",
    "reproduce": "training.reproduce",
}


def main(project: "Project", arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 refused with a sentence, 130, 141 or 143 stopped."""
    is_typed = arguments is None
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    print_any_letter()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(describe_commands(project))
        return
    command, *rest = arguments
    # OpenMP threads that spin while idle slow training down on a busy machine, and threads that
    # sleep at once do on a quiet one; this many spins cost nothing on either (benchmarks/spin.py).
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    signal.signal(signal.SIGTERM, raise_terminated)
    if CHILDREN in os.environ:  # a test of the project started this process
        watch_child(project.package)
    try:
        run_command(project, command, rest, is_typed=is_typed)
        if drop_unread():
            sys.exit(UNREAD)
    except (KeyboardInterrupt, Terminated) as end:
        name, code = ("Ctrl-C", 130) if isinstance(end, KeyboardInterrupt) else ("a signal", 143)
        kept = f"; {end}" if end.args else ""
        told = f"stopped by {name}; no report and no model of this run was written{kept}."
        stop(f"{command}: {told}", code)
    except Exception as error:
        sentence = explain(error)
        if sentence is not None:
            stop(f"{command}: {sentence}", 1)
        if not isinstance(error, BrokenPipeError) or not drop_unread("\n"):
            raise
        sys.exit(UNREAD)


def run_command(
    project: "Project", command: str, arguments: list[str], *, is_typed: bool = False
) -> None:
    """Runs a stage, a sweep of one (`-m`), or one of the commands without a report."""
    from .config import find_root
    from .origin import take_own

    known = [*project.stages, *OTHERS]
    if command not in known:
        close = nearest(command, known)
        raise UserError(f"there is no such command{close} `--help` lists them.")
    if arguments and arguments[0] in ("-h", "--help") and command not in WITH_OPTIONS:
        print(describe_command(project, command))
        return
    root = find_root()
    take_own(project.package, root, is_typed=is_typed)
    os.chdir(root)
    if command in WITH_OPTIONS:
        module = importlib.import_module(f".{WITH_OPTIONS[command]}", __package__)
        module.run(arguments, project)
    elif command in OTHERS:
        run_other(project, command, arguments)
    elif any(HYDRAS.match(argument) for argument in arguments):
        from .sweep import run_with_hydra

        run_with_hydra(project, project.stages[command], arguments)
    else:
        from .launch import launch

        stage = project.stages[command]
        launch(project, stage, arguments, project.compose((*stage.options, *arguments), stage))


def run_other(project: "Project", command: str, arguments: list[str]) -> None:
    """Runs one of the commands that prepare for DVC, or hand over to it."""
    from .data.raw import bring_raw
    from .pipeline import run_pipeline, write_dvc, write_params

    if command == "config":
        print(f"config: composed [{write_params(project, arguments)}]")
    elif command == "dvc":
        print(f"dvc: {len(project.stages)} commands [{write_dvc(project)}]")
    elif command == "raw":
        bring_raw(project.compose(arguments))
    else:
        write_params(project)
        bring_raw(project.compose())
        run_pipeline(arguments)


def describe_commands(project: "Project") -> str:
    """The help page: commands by phase."""
    lines = ["usage: <command> [key=value …]    key=value: any key of configs/, in Hydra's syntax"]
    for phase, title in PHASES.items():
        lines.append(f"\n{phase} {title}")
        lines += [f"  {s.name:<17}{s.summary}" for s in project.stages.values() if s.phase == phase]
    lines.append("\nAll phases")
    lines += [f"  {name:<17}{summary}" for name, summary in OTHERS.items()]
    lines.append("\n<command> --help says more; `<command> --cfg job` prints its config;")
    lines.append("`<command> -m key=1,2,3` runs it once for each value.")
    return "\n".join(lines)


def describe_command(project: "Project", command: str) -> str:
    """What one command does, reads and depends on."""
    if command in OTHERS:
        return f"{command}: {OTHERS[command]}"
    stage = project.stages[command]
    return (
        f"{command}: {stage.summary}\n"
        f"  reads the results of: {', '.join(stage.reads) or 'the raw data'}\n"
        f"  settings: {', '.join((*ALWAYS, *stage.settings))} (see configs/)\n"
        f"  writes: reports/{command}.json"
    )


def print_any_letter() -> None:
    """From here on, letters that the terminal lacks are printed as their codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def raise_terminated(number: int, frame: FrameType | None) -> None:
    """Signal handler: unwinds the stack so that drafts are removed."""
    raise Terminated


def drop_unread(probe: str = "") -> bool:
    """Whether nobody reads the output any more, as after `| head`; the rest is dropped."""
    try:
        print(end=probe, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def stop(sentence: str, code: int) -> NoReturn:
    """Prints the sentence where a person looks for errors, and exits."""
    print(sentence, file=sys.stderr, flush=True)
    drop_unread()
    sys.exit(code)
