"""Write the checklist's map into the project's onboarding, and as a page of the site.

Run with the project's packages: `make test` makes the environment, `.venv/bin/python tools/map.py`.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cookiecutter.main import cookiecutter
from lock import OPTION_SETS

TEMPLATE = Path(__file__).resolve().parents[1]
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
sys.path.insert(0, str(PROJECT / "kit" / "src"))

from dlproof.checklist.bullets import Checklist, load_checklist  # noqa: E402
from dlproof.checklist.map import describe_bullets, rewrite_document  # noqa: E402
from dlproof.checklist.places import is_own  # noqa: E402

PAGE = """# Every bullet

What each of the checklist's bullets asks, where it lives in a generated project, and what proves
it. The place that decides comes first, for images and for tables where they differ; a path that is
not at the top of the project is below `src/<package>`. What begins with `dlproof/` belongs to the
kit, below `kit/src`. What follows `#` is the symbol or the key in it. A check such as
`data_split.shares_are_usual` is a function in `dlproof/checklist`.

"""


def join(checklists: Sequence[Checklist]) -> Checklist:
    """One checklist that names the places of all."""
    bullets = {}
    for name, bullet in checklists[0].bullets.items():
        places = dict.fromkeys(place for c in checklists for place in c.bullets[name].where)
        own_first = sorted(places, key=lambda place: not is_own(place))
        bullets[name] = replace(bullet, where=tuple(own_first))
    return replace(checklists[0], bullets=bullets)


def render_page(checklists: Sequence[Checklist]) -> str:
    """The page of the site, from the checklist of each option set."""
    return PAGE + describe_bullets(join(checklists)).replace("### ", "## ") + "\n"


def main() -> None:
    """Write both: the onboarding as it is before it is rendered, the page from three projects."""
    sys.dont_write_bytecode = True
    os.environ["DL_TEMPLATE_QUIET"] = "1"
    checklists = []
    with tempfile.TemporaryDirectory() as folder:
        for number, answers in enumerate(OPTION_SETS):
            output = str(Path(folder, str(number)))
            project = cookiecutter(
                str(TEMPLATE), no_input=True, extra_context=answers, output_dir=output
            )
            checklists.append(load_checklist(Path(project, "checklist.yaml")))
    page = TEMPLATE / "docs" / "map.md"
    page.write_text(render_page(checklists), encoding="utf-8")
    os.chdir(PROJECT)
    rewrite_document(load_checklist())
    print(f"written: {page.relative_to(TEMPLATE)} and the project's onboarding")


if __name__ == "__main__":
    main()
