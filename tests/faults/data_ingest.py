"""Faults of phase 2 in what comes in: personal data without an answer, sources unlike others."""

import io

from PIL import Image

from faults.data import RAW
from faults.harness import TABLES, Fault, Workspace
from faults.problem import answer

MAKE, GPS, LATITUDE = 0x010F, 0x8825, 2  # tags of EXIF


def photograph_at_home(work: Workspace) -> None:
    exif = Image.Exif()
    exif[MAKE] = "A camera"  # Pillow writes nothing for an EXIF without a tag of its own
    exif.get_ifd(GPS)[LATITUDE] = (52.0, 31.0, 12.0)
    path = next((work.root / "data/raw/0").glob("*.png"))
    picture = Image.open(path)
    picture.load()
    path.unlink()
    picture.save(path, exif=exif)
    work.run("ingest")


def add_a_column_of_mail(work: Workspace) -> None:
    path = "data/raw/breast_cancer.csv"
    header, *rows = (work.root / path).read_text().splitlines()
    lines = [f"contact,{header}", *(f"ada{n}@example.org,{row}" for n, row in enumerate(rows))]
    work.write(path, "\n".join([*lines, ""]))
    work.set_config("data/breast_cancer.yaml", drop=["contact"])
    work.run("ingest")


def declare_sources(work: Workspace) -> None:
    """Two scanners: the thousands of a picture's number tell which."""
    work.set_config("data/digits.yaml", origin=r"/(\d)\d+\.png$")
    work.run("ingest", "clean", "split", "preprocess")


def turn_a_source(work: Workspace) -> None:
    for path in sorted((work.root / RAW).glob("*/1*.png")):
        stream = io.BytesIO()
        Image.open(path).transpose(Image.Transpose.ROTATE_90).save(stream, "PNG")
        work.write(path.relative_to(work.root).as_posix(), stream.getvalue())
    work.run("ingest", "clean", "split", "preprocess")


def name_two_sources(work: Workspace) -> None:
    source = work.module("charter.charter").read_charter()[0]["data"]["sources"][0]
    work.charter(**{"data.sources": [source, source | {"name": "Another"}]})


FAULTS = [
    Fault("DL-05.3", "a picture says where it was taken", photograph_at_home),
    Fault("DL-05.3", "a column of e-mails", add_a_column_of_mail, option_set=TABLES),
    Fault("DL-05.3", "not said what there is", answer("data.personal", ""), becomes="to do"),
    Fault("DL-06.2", "a source that looks different", turn_a_source, given=declare_sources),
    Fault("DL-06.2", "two sources, not told apart", name_two_sources, becomes="to do"),
]
