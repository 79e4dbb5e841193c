"""Whatever comes in, the data phase ends in a sentence with the remedy, or goes on as stated."""

import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.errors import UserError

from ..projects import IMAGE, REGRESSION, TABLE

PLACES = [(IMAGE, "data.root=nowhere"), (TABLE, "data.path=nowhere.csv")]
STAGES = ("ingest", "explore", "clean", "split", "preprocess")


def go(run, *overrides):
    """Runs the data phase as far as it goes; the sentence it ends with, or the quarantine."""
    for stage in STAGES:
        try:
            run(stage, "explore.samples_per_class=1", *overrides)
        except UserError as error:
            return f"{stage}: {error}"
    return pd.read_csv("data/quarantine.csv").set_index("id")["reason"].to_dict()


def draw(path, seed=0):
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def draw_classes(root, *names, count=20):
    for number, name in enumerate(names):
        for index in range(count):
            draw(root / name / f"{index}.png", seed=100 * number + index)


def write_png(path, size, *chunks):
    """A PNG of a stated size whose pixels are not there."""
    header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    path.write_bytes(content)


def spoil_all(root):
    draw_classes(root, "a", "b")
    for path in root.rglob("*.png"):
        path.write_bytes(b"x")


def make_bombs(root):
    draw_classes(root, "a", "b")
    write_png(root / "a" / "pixels.png", (60_000, 60_000))
    write_png(root / "a" / "text.png", (8, 8), (b"zTXt", b"k\0\0" + zlib.compress(bytes(10**8))))


def make_loops(root):
    draw_classes(root, "a", "b")
    (root / "b" / "again").symlink_to(root, target_is_directory=True)
    (root / "a" / "self.png").symlink_to(root / "a" / "self.png")
    (root / "a" / "gone.png").symlink_to(root / "nowhere.png")


def make_names(root):
    draw_classes(root, "caf\u00e9", "new\nline", 'a,b"c', " lead", "\N{CAT}", count=8)
    for index in range(8):
        draw(root / "cafe\u0301" / f"{index}.png", seed=1000 + index)


def make_pipe(root):
    draw_classes(root, "a", "b")
    os.mkfifo(root / "a" / "pipe.png")
    (root / "a" / "folder.png").mkdir()


def make_undecodable_name(root):
    draw_classes(root, "a", "b")
    folder = Path(os.fsdecode(os.fsencode(root) + b"/\xff"))
    folder.mkdir()
    shutil.copy(root / "a" / "0.png", folder)


def make_one_of_a_class(root):
    draw_classes(root, "a")
    draw(root / "b" / "0.png", seed=1000)


FOLDERS = {
    "nothing": (lambda root: None, "ingest: raw is not a folder: set data.root"),
    "a file": (lambda root: root.write_text("x"), "ingest: raw is not a folder"),
    "an empty folder": (
        lambda root: root.mkdir(),
        "ingest: raw has no images that Pillow can read (found: nothing",
    ),
    "one class": (lambda root: draw_classes(root, "a"), "split: the labels have only 'a'"),
    "two images": (lambda root: draw_classes(root, "a", "b", count=1), "split: 2 items in 2"),
    "one of a class": (make_one_of_a_class, {}),
    "all broken": (spoil_all, "explore: raw has no readable image (such as a/0.png)"),
    "bombs": (make_bombs, {"a/pixels.png": "pixels", "a/text.png": "damaged"}),
    "loops of links": (make_loops, {"a/self.png": "links", "a/gone.png": "No such file"}),
    "any unicode": (make_names, {}),
    "no unicode": (make_undecodable_name, "ingest: the name of 'raw/\\udcff/0.png' is not valid"),
    "a pipe": (make_pipe, {}),
}


def rows(line="{r},{m},{c}", header="x,y,target", count=40, **odd):
    """A CSV of generated lines; `odd` lines, such as `line3`, come instead of their own."""
    lines = [
        odd.get(f"line{n}", line.format(n=n, r=17 * n % 41 + 0.5, m=n % 7, c=f"<{n}>"))
        for n in range(1, count + 1)
    ]
    return "\n".join([header, *lines, ""])


def fill(content, sort):
    """A table whose labels `<n>` are classes, or numbers."""
    if isinstance(content, bytes):
        encoding = "utf-16" if content.startswith(b"\xff\xfe") else "latin-1"
        return fill(content.decode(encoding), sort).encode(encoding)
    return re.sub("<(\\d+)>", lambda found: say_label(int(found[1]), sort), content)


def say_label(number, sort):
    return str(number + 0.5) if sort == REGRESSION else "ab"[number % 2]


TABLES = {
    "empty": ("", "ingest: raw.csv is empty: it needs a header"),
    "header only": ("x,target\n", "ingest: raw.csv has a header and no rows"),
    "no header": (rows(header="1,2,3"), "ingest: raw.csv has no header"),
    "repeated header": (rows(header="x,x,target"), "ingest: raw.csv has two columns named 'x'"),
    "nameless column": (rows(header=",y,target"), "ingest: raw.csv has no name for column 1"),
    "no label column": (rows(header="x,y,label"), "no column 'target' (data.target); it has x"),
    "no labels": (rows("{r},{m},"), "ingest: raw.csv: column 'target' (data.target) is empty"),
    "all missing column": (rows("{r},,{c}"), "column 'y' is empty: data.columns={y: ignore}"),
    "mixed types": (rows(line6="oops,1,1"), "ingest: raw.csv: row 6: column 'x' is 'oops' among"),
    "constant column": (rows("{r},3,{c}"), {}),
    "dates": (rows("2024-01-{n:02d},{m},{c}", count=28), "data.columns={x: {date: ISO8601}}"),
    "spoilt dates": (
        rows("2024-01-{n:02d},{m},{c}", count=28, line3="2024-13-45,1,1"),
        "column 'x' holds dates such as '2024-01-01', and row 3 is '2024-13-45'",
    ),
    "long row": (rows(line4="1,2,3,4"), "ingest: raw.csv has rows of unequal length"),
    "open quote": (rows(line4='"1,2,3'), "ingest: raw.csv has rows of unequal length"),
    "semicolons": (rows().replace(",", ";"), "ingest: raw.csv is not separated by commas"),
    "latin-1": (rows(line4="\u00e4,1,1").encode("latin-1"), "ingest: raw.csv is not UTF-8"),
    "UTF-16": (rows().encode("utf-16"), "ingest: raw.csv is UTF-16: save the table"),
    "a workbook": (b"PK\x03\x04\0\0" + bytes(99), "ingest: raw.csv is a ZIP archive or an Excel"),
    "infinite": (rows(line4="inf,1,2.5"), {"row-0000004": "is infinite in column 'x'"}),
    "any unicode": (rows(header='\N{CAT},"new\nline",target'), {}),
    "a huge cell": (rows("{r},t,{c}", line3=f"3,{'z' * 200_000},2.5"), {}),
}
ONE_CLASS = {
    "one class": (rows("{r},{m},a"), "split: the labels have only 'a'"),
    "one of a class": (rows("{r},{m},a", line3="3,1,b"), {}),
}


CASES = {IMAGE: FOLDERS, TABLE: TABLES | ONE_CLASS, REGRESSION: TABLES}


def put(make):
    """Bad raw data instead of the small project's."""
    if callable(make):
        shutil.rmtree("raw")
        make(Path("raw").absolute())
    else:
        Path("raw.csv").write_bytes(make if isinstance(make, bytes) else make.encode())


@pytest.fixture
def package():
    """What is quarantined and refused, and in which words, is the project's to say."""
    return "own"


@pytest.mark.filterwarnings("ignore:Glyph", "ignore:invalid value", "ignore:ks_2samp")
@pytest.mark.parametrize(
    ("sort", "case"),
    [(sort, case) for sort, cases in CASES.items() for case in cases],
    indirect=["sort"],
)
def test_bad_input_ends_in_a_sentence_or_as_stated(project, run, sort, case):
    make, outcome = CASES[sort][case]
    put(make if callable(make) else fill(make, sort))
    hold(go(run), outcome)


def hold(ended, outcome):
    """A sentence holds the stated part; a quarantine has the stated items, with these reasons."""
    if isinstance(outcome, str):
        assert outcome in ended
        return
    assert ended.keys() == outcome.keys(), ended
    assert all(reason in ended[item] for item, reason in outcome.items())


@pytest.mark.parametrize(("sort", "place"), PLACES, indirect=["sort"])
@pytest.mark.parametrize("stage", ["ingest", "preprocess"])
def test_the_command_line_prints_one_sentence_and_no_traceback(project, small, stage, place):
    command = [sys.executable, "-m", "own", stage, *small[:1], place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"{stage}: ")
