"""Write the checklist's map into the generated project's documents, and as a page of the site."""

import importlib
import os
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
SOURCE = PROJECT / "src" / "{{cookiecutter.package_name}}"


PAGE = """# Every bullet

What each of the checklist's bullets asks, where it lives in a generated project, and what proves
it. A path that is not at the top of the project is below `src/<package>`; what follows `#` is the
symbol or the key in it. A check such as `data_split.shares_are_usual` is a function below
`checklist`, there.

"""


def main() -> None:
    """Import the package under a name that Python accepts, and let it write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "generated").symlink_to(SOURCE, target_is_directory=True)
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        bullets = importlib.import_module("generated.checklist.bullets")
        documents = importlib.import_module("generated.checklist.map")
        os.chdir(PROJECT)
        checklist = bullets.load_checklist()
        print("\n".join(documents.rewrite_documents(checklist)))
    page = PAGE + documents.describe_bullets(checklist).replace("### ", "## ") + "\n"
    (TEMPLATE / "docs" / "map.md").write_text(page, encoding="utf-8")
    print("docs/map.md")


if __name__ == "__main__":
    main()
