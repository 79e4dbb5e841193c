"""Makefiles, as far as it takes to know what a target runs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ASSIGNMENT = re.compile(r"^(?:export\s+|override\s+)?([\w.]+)\s*(?:\?|:|::|\+)?=\s*(.*)$")
RULE = re.compile(r"^([^\s:#=][^:#=]*?)\s*:(?![:=])\s*([^=;#|]*)[^;#]*(?:;(.*))?")


@dataclass
class Rules:
    """The rules of a file.

    Attributes:
        values: Variable -> its text.
        needs: Target -> targets that come before it.
        recipes: Target -> its lines.
    """

    values: dict[str, str] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    recipes: dict[str, list[str]] = field(default_factory=dict)

    def list_recipe(self, targets: Iterable[str], seen: set[str] | None = None) -> Iterator[str]:
        """Every line that `make` runs for some targets, by default for the default target.

        A line that begins with `-` may fail, and is left out.
        """
        seen = set() if seen is None else seen
        first = [name for name in self.recipes if not name.startswith(".")][:1]
        default = self.values.get(".DEFAULT_GOAL", "").split() or first
        for target in [*targets] or default:
            if target not in seen:
                seen.add(target)
                needs = self.needs.get(target, [])
                if needs:
                    yield from self.list_recipe(needs, seen)
                for line in self.recipes.get(target, []):
                    marks = re.match(r"[@+\-\s]*", line)
                    if marks is not None and "-" not in marks[0]:
                        yield self.expand(line[marks.end() :])

    def expand(self, text: str, depth: int = 5) -> str:
        """A line with its variables in place; one that is not known stays."""
        if depth == 0:
            return text
        values = {"MAKE": "make"} | self.values
        found = re.sub(
            r"\$[({](\w+)[)}]", lambda name: values.get(name[1], f"${name[1]}"), text
        ).replace("$$", "$")
        return found if found == text else self.expand(found, depth - 1)


def read_rules(text: str) -> Rules:
    """The rules of a Makefile's text; patterns and functions are not looked at."""
    rules, targets = Rules(), [""]
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if line[:1] in ("\t", " ") and line.strip():
            for target in targets:
                rules.recipes.setdefault(target, []).append(line.strip())
        elif assigned := ASSIGNMENT.match(line):
            rules.values[assigned[1]] = assigned[2].split(" #")[0].strip()
        elif rule := RULE.match(line):
            targets = rules.expand(rule[1]).split()
            for target in targets:
                rules.recipes.setdefault(target, [])
                rules.needs.setdefault(target, []).extend(rules.expand(rule[2]).split())
                if rule[3]:
                    rules.recipes[target].append(rule[3].strip())
    rules.recipes.pop("", None)
    return rules
