"""Write the kit's manifest: `python tools/manifest.py`, before a commit that changes the kit.

A file whose results changed gets a higher number: name it, `python tools/manifest.py data/near.py`.
All others promise to make the same of the same inputs as before.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parents[1] / "{{cookiecutter.project_slug}}" / "kit"
NAME, PACKAGE, FIRST = "MANIFEST", "src/dlproof/", 1


def list_files(kit: Path = KIT) -> list[str]:
    """Every file of the kit that git knows or would take, but the manifest itself."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=kit, capture_output=True, text=True, check=True).stdout
    names = {name for name in listed.split("\0") if name and (kit / name).exists()}
    return sorted(names - {NAME})


def read_rows(kit: Path = KIT) -> dict[str, tuple[str, int]]:
    """What each file is and promised so far: path -> SHA-256 and number."""
    if not (kit / NAME).exists():
        return {}
    lines = (kit / NAME).read_text(encoding="utf-8").splitlines()
    rows = (line.split(maxsplit=2) for line in lines)
    return {name: (digest, int(number)) for digest, number, name in rows}


def render(changed: set[str] = frozenset(), kit: Path = KIT) -> str:
    """The manifest of the files as they are; a higher number for those whose results changed."""
    rows = read_rows(kit)
    lines = []
    for name in list_files(kit):
        digest = hashlib.sha256((kit / name).read_bytes()).hexdigest()
        number = rows.get(name, ("", FIRST))[1] + (name in changed)
        lines.append(f"{digest} {number} {name}\n")
    return "".join(lines)


def judge(kit: Path = KIT) -> str:
    """What to run where the manifest is not that of the files; nothing where it is."""
    text, was = render(kit=kit), (kit / NAME).read_text(encoding="utf-8")
    if text == was:
        return ""
    rows = [line.split(maxsplit=2) for line in {*text.splitlines()} ^ {*was.splitlines()}]
    names = sorted({name for _, _, name in rows})
    parts = " ".join(name.removeprefix(PACKAGE) for name in names if name.startswith(PACKAGE))
    return (
        f"kit/MANIFEST was not written after a change of {', '.join(names)}. Where the same inputs "
        f"still give the same results: `make manifest`. Where they do not, name the files: "
        f'`make manifest CHANGED="{parts}"`; every project that updates then runs again what is '
        "made with them."
    )


def main() -> None:
    """Writes the manifest; exits where a named file is not the kit's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("changed", nargs="*", help="files below kit/src/dlproof with new results")
    names = {f"{PACKAGE}{name}" for name in parser.parse_args().changed}
    if odd := names - set(list_files()):
        sys.exit(f"manifest: {', '.join(sorted(odd))}: no such file of the kit.")
    text = render(names)
    (KIT / NAME).write_text(text, encoding="utf-8")
    print(f"manifest: {len(text.splitlines())} files")


if __name__ == "__main__":
    main()
