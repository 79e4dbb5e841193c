"""`checklist`: where the project stands, as a table, a page, a gate or files for other tools."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from ..errors import UserError, nearest
from .bullets import Bullet, Checklist, load_checklist
from .evidence import Evidence
from .standing import Standing, judge_project, say_waiting
from .text import draw_table, explain, say_missing

if TYPE_CHECKING:
    from ..project import Project


def run(arguments: list[str], project: "Project") -> None:
    """Runs `checklist` with its options.

    Raises:
        UserError: A gate is not met, or there is no such bullet or gate.
    """
    options = parse(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # charters are in any language, terminals not
    checklist, evidence = load_checklist(), Evidence(project)
    if options.map:
        from .map import DOCUMENT, START, rewrite_document

        done = rewrite_document(checklist)
        print(f"checklist: {f'the map is in {DOCUMENT}' if done else f'{DOCUMENT} has no {START}'}")
    elif options.bullet:
        print("\n\n".join(explain(b, evidence) for b in find_bullets(options.bullet, checklist)))
    else:
        show(judge_project(checklist, evidence), evidence, options)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="checklist",
        description="Shows where the project stands. Without options: table and page.",
    )
    parser.add_argument(
        "bullet", nargs="?", help="explain one bullet, such as DL-09.3, or all of DL-09"
    )
    parser.add_argument(
        "--gate", metavar="NAME", help="exit with 1 and name what is missing for train, deploy, …"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--html", action="store_true", help="write the page, print no table")
    parser.add_argument("--map", action="store_true", help="write the map in docs/onboarding.md")
    return parser.parse_args(arguments)


def show(standing: Standing, project: Evidence, options: argparse.Namespace) -> None:
    """Writes and prints what was asked for; the table and the page when nothing was.

    Raises:
        UserError: A gate is not met.
    """
    plain = not (options.gate or options.json or options.html)
    if plain:
        print(draw_table(standing), end="\n\n")
    if plain or options.html:
        from .page import write_page

        print(f"The page: {write_page(standing, project)}")
    if options.json:
        from .formats import to_plain

        print(json.dumps(to_plain(standing), indent=2, ensure_ascii=False))
    if options.gate:
        message = open_gate(standing, options.gate)
        if not options.json:
            print(message)


def find_bullets(name: str, checklist: Checklist) -> list[Bullet]:
    """The bullets with a name: one, or all of an item.

    Raises:
        UserError: There is none.
    """
    name = name.upper()
    found = [b for b in checklist.bullets.values() if name in (b.id, b.id.partition(".")[0])]
    if not found:
        raise UserError(f"there is no bullet {name}{nearest(name, list(checklist.bullets))}")
    return found


def open_gate(standing: Standing, gate: str) -> str:
    """The sentence for a gate that is met.

    Raises:
        UserError: The gate is closed (names every missing bullet), or there is no such gate.
    """
    gates = standing.checklist.gates
    if gate not in gates:
        raise UserError(f"there is no gate {gate}: checklist.yaml has {', '.join(gates)}.")
    missing = standing.missing(gate)
    waiting = len(standing.waiting(gate))
    needed = len(gates[gate].bullets) - waiting
    if missing:
        lines = [say_missing(standing.checklist.bullets[n], standing.verdicts[n]) for n in missing]
        head = f"the gate {gate}, which accepts {' or '.join(gates[gate].accepts)}, is closed, "
        head += f"{len(missing)} of {needed} bullets missing:"
        raise UserError("\n  ".join([head, *lines]))
    told = f"The gate {gate} is open: all {needed} bullets are met ({standing.say_proofs(gate)})"
    return f"{'; '.join(filter(None, (told, say_waiting(waiting))))}."
