"""The command line, `<command> [key=value …]`; a command's code is imported when it runs."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from .commands import PHASES, STAGES
from .errors import Terminated, UserError, explain

OTHERS = {
    "raw": "bring the raw data in place and under DVC",
    "config": "write the composed config to params.yaml, where DVC watches it",
    "pipeline": "run every stage whose inputs changed (dvc repro)",
    "charter": "say line by line what is missing in project.yaml",
    "data": "versions of the data, how two differ, what is expected (see `data --help`)",
    "test": "run the tests (pytest's options may follow)",
    "coverage": "say how much of the data package its tests reach",
    "lint": "check style, formatting and types",
    "checklist": "say where the project stands: table, page, gates (see `checklist --help`)",
}
UNREAD = 141  # exit code of a program whose reader has gone: 128 and SIGPIPE
# Other tools, as modules with their arguments.
TOOLS: dict[str, list[tuple[str, ...]]] = {
    "test": [("pytest", "-n", "2")],
    "lint": [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
}
# Of these, the ones with options of their own instead of config overrides, and their modules.
WITH_OPTIONS = {
    "data": "data.command",
    "charter": "problem.review",
    "coverage": "checklist.coverage",
    "checklist": "checklist.command",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 refused with a sentence, 130, 141 or 143 stopped."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(describe_commands())
        return
    command, *rest = arguments
    # Idle OpenMP threads that spin make training on a busy machine ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, raise_terminated)
    try:
        run_command(command, rest)
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


def run_command(command: str, arguments: list[str]) -> None:
    """Runs a stage, a sweep of one (`-m`), or one of the commands without a report."""
    from .configuration import compose, find_root, nearest, write_params

    if command not in STAGES and command not in OTHERS:
        close = nearest(command, [*STAGES, *OTHERS])
        raise UserError(f"there is no such command{close} `--help` lists them.")
    if arguments and arguments[0] in ("-h", "--help") and command not in WITH_OPTIONS:
        print(describe_command(command))
        return
    os.chdir(find_root())
    if command == "config":
        print(f"config: composed [{write_params(arguments)}]")
    elif command == "raw":
        from .data.raw import bring_raw

        bring_raw(compose(arguments))
    elif command == "pipeline":
        from .data.raw import bring_raw

        write_params(())
        bring_raw(compose())
        run_pipeline(arguments)
    elif command in TOOLS:
        run_tools(TOOLS[command], arguments)
    elif command in WITH_OPTIONS:
        importlib.import_module(f".{WITH_OPTIONS[command]}", __package__).run(arguments)
    elif any(argument.startswith("-") for argument in arguments):
        from .sweep import run_with_hydra

        run_with_hydra(STAGES[command], arguments)
    else:
        from .stage import run_stage

        run_stage(STAGES[command], arguments)


def run_tools(tools: list[tuple[str, ...]], arguments: list[str]) -> None:
    """Runs other programs of this environment; exits as the first that fails."""
    for tool in tools:
        done = subprocess.run([sys.executable, "-m", *tool, *arguments], check=False)
        if done.returncode:
            sys.exit(done.returncode)


def run_pipeline(arguments: list[str]) -> None:
    """Replaces this process by `dvc repro`, whose stages call this very Python."""
    if any("=" in argument for argument in arguments):
        raise UserError(
            "the pipeline takes its values from configs/: edit configs/config.yaml (or run "
            "`dvc exp run -S configs/optimizer/adamw.yaml:lr=0.001`); single stages take key=value."
        )
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    }
    os.execvpe(sys.executable, [sys.executable, "-m", "dvc", "repro", *arguments], environment)


def describe_commands() -> str:
    """The help page: commands by phase."""
    lines = ["usage: <command> [key=value …]    key=value: any key of configs/, in Hydra's syntax"]
    for phase, title in PHASES.items():
        lines.append(f"\n{phase} {title}")
        lines += [f"  {s.name:<17}{s.summary}" for s in STAGES.values() if s.phase == phase]
    lines.append("\nAll phases")
    lines += [f"  {name:<17}{summary}" for name, summary in OTHERS.items()]
    lines.append("\n<command> --help says more; `<command> --cfg job` prints its config;")
    lines.append("`<command> -m key=1,2,3` runs it once for each value.")
    return "\n".join(lines)


def describe_command(command: str) -> str:
    """What one command does, reads and depends on."""
    if command in OTHERS:
        return f"{command}: {OTHERS[command]}"
    stage = STAGES[command]
    return (
        f"{command}: {stage.summary}\n"
        f"  reads the results of: {', '.join(stage.reads) or 'the raw data'}\n"
        f"  settings: {', '.join(('paths', 'data', 'task', *stage.config))} (see configs/)\n"
        f"  writes: reports/{command}.json"
    )


def raise_terminated(number: int, frame: FrameType | None) -> None:
    """Signal handler: unwinds the stack so that drafts are removed."""
    raise Terminated


def drop_unread(probe: str = "") -> bool:
    """Whether nobody reads the output any more, as behind `| head`; what is left is dropped."""
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
