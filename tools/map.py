"""Write the checklist's map into the generated project's documents, before they are generated."""

import importlib
import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "{{cookiecutter.project_slug}}"
SOURCE = PROJECT / "src" / "{{cookiecutter.package_name}}"


def main() -> None:
    """Import the package under a name that Python accepts, and let it write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "generated").symlink_to(SOURCE, target_is_directory=True)
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        bullets = importlib.import_module("generated.checklist.bullets")
        documents = importlib.import_module("generated.checklist.map")
        os.chdir(PROJECT)
        print("\n".join(documents.rewrite_documents(bullets.load_checklist())))


if __name__ == "__main__":
    main()
