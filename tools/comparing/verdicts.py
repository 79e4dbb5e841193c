"""What became of every bullet of the checklist in a project: the result of a comparison."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import yaml

from .answers import Answers
from .evidence import Facts, Sign, load_table
from .kit import FOLDER, PACKAGE, Kit, judge_kit, part
from .pairs import ALIKE, Pair, Pairing, split_lines
from .places import read_fragment, read_keys
from .tree import Tree

ASKED = f"{FOLDER}src/{PACKAGE}checklist/bullets.yaml"
# What the words mean; docs/compare.md says more.
MEANINGS = {
    "same": "its places are as today's template has them",
    "changed": "its places are there, and at least one is different",
    "missing": "at least one of its places is not there",
    "extra": "the project's checklist has it, today's template has not",
    "seen": "a sign of its topic was seen in other files; no proof",
    "not found": "none of the signs that were looked for was seen",
    "cannot tell": "files cannot show it: ask a person, or run something",
    "n/a": "does not apply to this kind of data or task",
}


@dataclass
class Place:
    """A place of a bullet in the project: what became of it, and where it is now."""

    place: str
    status: str
    path: str = ""
    line: int = 0
    detail: str = ""


@dataclass
class Verdict:
    """A bullet and what became of it."""

    id: str
    item: str
    phase: int
    asks: str
    status: str
    places: list[Place] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)


@dataclass
class Comparison:
    """A project held against today's template."""

    name: str
    answers: Answers
    pairing: Pairing
    verdicts: list[Verdict]
    kit: Kit
    notes: list[str]

    def count(self) -> dict[str, int]:
        """How many bullets have each status, in the order of the words."""
        totals = Counter(verdict.status for verdict in self.verdicts)
        return {status: totals[status] for status in MEANINGS if totals[status]}

    @cached_property
    def files(self) -> list[dict[str, Any]]:
        """Each file that differs or lies elsewhere, with its bullets and its diff."""
        rows = []
        for pair in sorted(self.pairing.pairs.values(), key=lambda pair: pair.path):
            path = pair.theirs or self.pairing.rename(pair.path)
            ids = [v.id for v in self.verdicts if path in {place.path for place in v.places}]
            if pair.status != "same" or pair.moved:
                rows.append(asdict(pair) | {"bullets": ids, "diff": self.pairing.diff(pair)})
        return rows

    def as_json(self) -> dict[str, Any]:
        """The whole result in plain containers, the same at every call."""
        return {
            "format": 1,
            "project": self.name,
            "born_here": self.pairing.born_here,
            "answers": self.answers.values,
            "sources": self.answers.sources,
            "notes": self.notes,
            "totals": self.count(),
            "kit": asdict(self.kit),
            "bullets": [asdict(verdict) for verdict in self.verdicts],
            "files": self.files,
            "extra_files": self.pairing.extra,
        }


def compare(name: str, theirs: Tree, ours: Tree, answers: Answers) -> Comparison:
    """Judges every bullet of today's checklist, then those that only the project has."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    asked = yaml.load(ours.texts[ASKED], loader)["items"]
    where = yaml.load(ours.texts["checklist.yaml"], loader)["where"]
    (ours, our_kit), (theirs, their_kit) = part(ours), part(theirs)
    pairing = Pairing(ours, theirs, answers.values["package_name"], answers.package_dir)
    kit = judge_kit(our_kit, their_kit)
    facts, table = Facts(theirs), load_table()
    verdicts = []
    for item in asked.values():
        for bullet, body in item["bullets"].items():
            # Places of options that were not chosen are in no project.
            wheres = [*where.get(bullet, ()), *body.get("where", ())]
            judged = [
                judge_in_kit(w, kit, their_kit) if w.startswith(PACKAGE) else judge(w, pairing)
                for w in wheres
            ]
            places = [place for place in judged if place]
            words = {place.status for place in places}
            order = ("missing", "changed", "same")
            status = next((word for word in order if word in words), "cannot tell")
            is_foreign = not pairing.born_here and status in ("missing", "cannot tell")
            is_sought = is_foreign or status == "missing"
            signs = facts.look_for(table.get(bullet, [])) if is_sought else []
            if is_foreign:
                fits = applies(body, answers)
                absent = "not found" if bullet in table else "cannot tell"
                places, status = [], "seen" if signs else absent if fits else "n/a"
            head = bullet, item["title"], item["phase"], body["asks"]
            verdicts.append(Verdict(*head, status, places, signs))
    known = {verdict.id for verdict in verdicts}
    verdicts += [verdict for verdict in find_extra(theirs) if verdict.id not in known]
    notes = [*theirs.notes, *answers.notes]
    return Comparison(name, answers, pairing, verdicts, kit, notes)


def applies(body: dict[str, Any], answers: Answers) -> bool:
    """Whether a bullet is for this kind of data and task, as far as the answers say."""
    kinds = {"task.name": answers.values["task"], "preprocess.name": answers.values["data_type"]}
    return all(kinds.get(key, ids[0]) in ids for key, ids in body.get("applies", {}).items())


def judge(place: str, pairing: Pairing) -> Place | None:
    """What became of a place; None where today's project for these answers has none either."""
    name, _, symbol = place.partition("#")
    for path in (name, f"{pairing.package}/{name}"):
        pairs = [p for key, p in pairing.pairs.items() if f"{key}/".startswith(f"{path}/")]
        if pairs and path not in pairing.pairs:
            return judge_folder(place, pairing.rename(path), [pair.status for pair in pairs])
        mine = read_fragment(path, pairing.read_ours(path), symbol) if pairs else None
        if mine:
            return judge_file(place, symbol, mine[1], pairing.pairs[path], pairing)
    return None


def judge_in_kit(place: str, kit: Kit, theirs: Tree) -> Place | None:
    """What became of a place in the kit; None where the project has no kit to look at."""
    if kit.status == "missing":
        return None
    name, _, symbol = place.partition("#")
    path = f"{FOLDER}src/{name}"
    if path not in theirs.digests and any(n.startswith(f"{path}/") for n in theirs.digests):
        inner = [n for n in kit.patched if n.startswith(f"{path}/")]
        return Place(place, "changed" if inner else "same", path, 1)
    found = read_fragment(path, theirs.texts.get(path, ""), symbol)
    if path in kit.patched:
        there = path in theirs.digests
        detail = "patched here" if there else "removed here"
        status = "changed" if there else "missing"
        return Place(place, status, path, found[0] if found else int(there), detail)
    return Place(place, "same", path, found[0] if found else 1)


def judge_folder(place: str, there: str, words: list[str]) -> Place:
    """What became of the template's files of a folder; files of the project's own do not count."""
    status = words[0] if len(set(words)) == 1 else "changed"
    counts = ", ".join(f"{number} {word}" for word, number in sorted(Counter(words).items()))
    return Place(place, status, there, int(status != "missing"), f"files: {counts}")


def judge_file(place: str, symbol: str, mine: str, pair: Pair, pairing: Pairing) -> Place:
    """What became of a place in a file."""
    texts, path = pairing.theirs.texts, pair.theirs
    if path and path not in texts:
        return Place(place, "changed", path, 1, "not read as text")
    found = read_fragment(path, texts[path], symbol) if path else None
    moved = "lies elsewhere" if pair.moved else ""
    if not found and symbol and pair.path.endswith(".py"):
        path, found = find_symbol(symbol, mine, pairing)
        moved = "lies elsewhere"
    if not found:
        detail = f"the file has no {symbol}" if pair.theirs else "the file is not there"
        return Place(place, "missing", pair.theirs or pairing.rename(pair.path), 0, detail)
    if pair.path == "project.yaml":  # its values are the project's own
        return Place(place, "same", path, found[0], "the key is there")
    # The rest of a Python file can change what its symbol does: the whole file counts.
    if pair.status == "same" or (mine == found[1] and not path.endswith(".py")):
        return Place(place, "same", path, found[0], moved)
    around = "" if mine != found[1] or moved else "only around it"
    return Place(place, "changed", path, found[0], moved or around)


def find_symbol(symbol: str, mine: str, pairing: Pairing) -> tuple[str, tuple[int, str] | None]:
    """The file to which a symbol was moved: its definition there shares most of its lines."""
    lines = split_lines(mine)
    for path, text in pairing.theirs.texts.items():
        if path.endswith(".py") and symbol.rpartition(".")[2] in text:
            found = read_fragment(path, text, symbol)
            other = split_lines(found[1]) if found else frozenset()
            if len(lines & other) > ALIKE * max(len(lines), len(other), 2):
                return path, found
    return "", None


def find_extra(theirs: Tree) -> list[Verdict]:
    """Bullets of the project's own."""
    text, found = theirs.texts.get("checklist.yaml", ""), []
    for key, (line, start, end) in read_keys(text).items():
        bullet = key.removeprefix("own.").removesuffix(".asks")
        if key == f"own.{bullet}.asks":
            asks = " ".join(text[start:end].split())[:300]
            place = Place("checklist.yaml", "extra", "checklist.yaml", line)
            found.append(Verdict(bullet, "The project's own", 0, asks, "extra", [place]))
    return found
