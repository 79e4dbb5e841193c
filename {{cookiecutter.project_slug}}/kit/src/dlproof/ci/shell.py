"""Shell scripts as CI runs them: the commands whose failure stops the job."""

import re
import shlex
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

Words = list[str]
Lines = Iterator[Words]
ENDS = (";", "\n", "&", ";;")
REDIRECTIONS = (">", ">>", "<", ">&", "<&", "&>", "&>>", ">|", "<<<")
BLOCKS = {"if": "fi", "while": "done", "until": "done", "for": "done", "case": "esac"}
# What only runs another program.
PREFIXES = ("time", "nice", "nohup", "env", "exec", "sudo", "command", "xvfb-run", "srun", "uvx")
RUNNERS = (
    "uv",
    "poetry",
    "pdm",
    "pipenv",
    "hatch",
    "rye",
    "conda",
    "mamba",
    "pixi",
    "pipx",
    "docker",
)
# What a runner with options of its own is looked through for.
PROGRAMS: tuple[str, ...] = (
    "pytest",
    "unittest",
    "ruff",
    "flake8",
    "pylint",
    "mypy",
    "pyright",
    "basedpyright",
)
PROGRAMS += (
    "ty",
    "pyre",
    "dvc",
    "pre-commit",
    "make",
    "just",
    "nox",
    "tox",
    "bash",
    "sh",
    "python",
)
FOR = re.compile(r"\bfor\s+(\w+)\s+in\s+([^;\n]+)[;\n]\s*do\s+(.*?)[;\n]\s*done\b", re.DOTALL)


def read_shell(text: str, *, errexit: bool = True, pipefail: bool = False) -> Lines:
    """The words of every command of a script whose failure makes the script fail.

    Args:
        text: The script.
        errexit: Whether it stops at a command that fails, as `set -e` has it; else its last counts.
        pipefail: Whether a pipe fails with any of its commands.
    """
    lists = list(skip_blocks(split_lists(tidy(text))))
    for place, (words, end) in enumerate(lists):
        last = place == len(lists) - 1
        if words[0] == "set" and len(words) > 1:
            flags = " ".join(words[1:])
            errexit = errexit or "errexit" in flags or bool(re.search(r"-\w*e\w*\b", words[1]))
            errexit = errexit and not re.match(r"\+\w*e", flags)
            pipefail = pipefail or "pipefail" in flags
        elif end != "&" and (errexit or last):
            yield from find_counting(words, last=last, pipefail=pipefail)


def tidy(text: str) -> str:
    """A script with its lines joined, its loops unrolled and its here-documents taken out."""
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(
        r"<<-?\s*['\"]?(\w+)['\"]?.*?\n\s*\1\s*$", "", text, flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"\$[({](\w+)[)}]", r"$\1", text)
    return FOR.sub(unroll, text)


def unroll(loop: re.Match[str]) -> str:
    """The body of a loop once for each word that it runs over."""
    name, values, body = loop.groups()
    return "\n".join(re.sub(rf"\${name}\b", value, body) for value in values.split())


def split_lists(text: str) -> Iterator[tuple[Words, str]]:
    """Lists of commands joined by `&&` and `||`, each with what ends it."""
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            tokens = list(lexer)
        except ValueError:  # a quote that is not closed
            continue
        words: Words = []
        for token in [*tokens, "\n"]:
            if token not in ENDS:
                words += [] if token in ("(", ")", "{", "}") else [token]
            elif words:
                yield words, token
                words = []


def skip_blocks(lists: Iterator[tuple[Words, str]]) -> Iterator[tuple[Words, str]]:
    """The command lists that always run: none inside `if`, `case` or a loop."""
    closing: list[str] = []
    for words, end in lists:
        while words and words[0] in ("then", "else", "do"):
            words = words[1:]
        if words and words[0] in BLOCKS:
            closing.append(BLOCKS[words[0]])
        elif closing and words and words[0] == closing[-1]:
            closing.pop()
        elif not closing and words:
            yield words, end


def find_counting(words: Words, *, last: bool, pipefail: bool) -> Lines:
    """The commands of a list whose failure counts."""
    before, *after = split_at(words, "||")
    refused = [rest for rest in after if not is_failure(rest)]
    if refused or words[0] == "!":
        return
    commands = split_at(before, "&&")
    # `set -e` looks at the last command of a list alone; the end of a script is the list's end.
    for command in commands if last or after else commands[-1:]:
        piped = split_at(command, "|")
        yield from map(strip, piped if pipefail else piped[-1:])


def is_failure(words: Words) -> bool:
    """Whether a command always fails: `exit 1` or `false`."""
    return words[:1] == ["false"] or (words[:1] == ["exit"] and words[1:] not in ([], ["0"]))


def split_at(words: Words, mark: str) -> list[Words]:
    """The parts of a list of words between marks."""
    parts: list[Words] = [[]]
    for word in words:
        if word == mark:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def strip(words: Words) -> Words:
    """A command without redirections."""
    skipped = {place + 1 for place, word in enumerate(words) if word in REDIRECTIONS}
    return [w for at, w in enumerate(words) if at not in skipped and w not in REDIRECTIONS]


def find_program(words: Words) -> Words:
    """The program that a command runs, and its arguments: `pytest` of `uv run python -m pytest`."""
    while words:
        name = Path(words[0]).name
        if re.fullmatch(r"\w+=.*", words[0]) or name in PREFIXES:
            words = words[1:]
        elif name in RUNNERS and {"run", "exec"} & {*words[1:3]}:
            rest = words[next(at for at, word in enumerate(words) if word in ("run", "exec")) + 1 :]
            words = skip_options(rest)
        elif re.fullmatch(r"python[\d.]*|\$\w*PYTHON\w*|coverage", name):
            rest = words[2:] if words[1:2] == ["run"] else words[1:]
            words = rest[rest.index("-m") + 1 :] if "-m" in rest else skip_options(rest)
        else:
            return [name, *words[1:]]
    return []


def skip_options(words: Words) -> Words:
    """The words from the first known program on, or from the first that is not an option."""
    known = (at for at, word in enumerate(words) if Path(word).name in PROGRAMS)
    plain = (at for at, word in enumerate(words) if not word.startswith("-"))
    return words[next(chain(known, plain), len(words)) :]
