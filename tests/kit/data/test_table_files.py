"""Files as people save them are read cell by cell, or refused for the right reason."""

import bz2
import csv
import gzip
import io
import lzma

import pandas as pd
import pytest
from dlproof.data import table_files
from dlproof.data.table_files import read_cells
from dlproof.errors import UserError
from hypothesis import given
from hypothesis import strategies as st

CSV = "x,y,target\n1,red,a\n2,blue,b\n"
CELLS = {"x": ["1", "2"], "y": ["red", "blue"], "target": ["a", "b"]}


def read(tmp_path, content, name="own.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_cells(path)


READ = {
    "plain": CSV,
    "byte-order mark": "\ufeff" + CSV,
    "blank lines on top": "\n \r\n" + CSV,
    "blank line at the end": CSV + "\n\n",
    "Excel's sep": "sep=,\n" + CSV,
    "line ends of Windows": CSV.replace("\n", "\r\n"),
    "line ends of old": CSV.replace("\n", "\r"),
    "blanks around": CSV.replace(",", " , ").replace(" ,", ","),
    "quotes": 'x,"y","target"\n"1","red",a\n2,"blue","b"\n',
    "gzip": gzip.compress(CSV.encode()),
    "bzip2": bz2.compress(CSV.encode()),
    "xz": lzma.compress(CSV.encode()),
    "no line end": CSV.rstrip("\n"),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_a_table_is_read_however_it_was_saved(tmp_path, content):
    cells = read(tmp_path, content)
    assert cells.to_dict("list") == CELLS
    assert list(cells.index) == [1, 2]
    assert cells.attrs["notes"] == []


NOTED = {
    "comments": ("# made by\n# hand, in 2024\n" + CSV, "2 lines above the header begin with #"),
    "a header again": (CSV + "x,y,target\n3,red,a\n", "row 3 is the header again"),
    "a gap": (CSV + "\n3,red,a\n", "a blank line between rows is skipped"),
    "gaps": (CSV + "\n\n3,red,a\n", "2 blank lines between rows are skipped"),
    "a row that may be a comment": (CSV + "#4,red,a\n" + "5,red,a\n" * 9, "row 3 is taken as"),
    "three rows": (CSV + "#4,red,a\n" * 3 + "5,red,a\n" * 30, "rows 3, 4, 5 are taken as"),
    "more rows": (CSV + "#4,red,a\n" * 5 + "5,red,a\n" * 50, "rows 3, 4, 5 and 2 more are taken"),
}


@pytest.mark.parametrize(("content", "note"), NOTED.values(), ids=NOTED)
def test_what_is_passed_over_is_told(tmp_path, content, note):
    (told,) = read(tmp_path, content).attrs["notes"]
    assert note in told


def test_a_header_once_more_is_no_row_and_the_rows_keep_their_numbers(tmp_path):
    cells = read(tmp_path, CSV + "x,y,target\n3,red,a\n")
    assert list(cells.index) == [1, 2, 4]
    assert cells["x"].tolist() == ["1", "2", "3"]


def test_a_header_behind_a_hash_is_a_header(tmp_path):
    cells = read(tmp_path, "##v1\n#chrom,start,end\nc1,1,2\nc2,3,4\n")
    assert cells.to_dict("list") == {
        "chrom": ["c1", "c2"],
        "start": ["1", "3"],
        "end": ["2", "4"],
    }


REFUSED = {
    "a short row": (
        CSV + "3,red\n",
        r"unequal length: row 3 \(3,red\) has 2 cells and the header 3",
    ),
    "a line break": (CSV + "3,dark\nred,a\n", r"row 3 \(3,dark\).*quote cells that hold commas or"),
    "half a row": (CSV + "3,re", "if it was cut off there"),
    "a long row": (CSV + "3,red,a,9\n", "row 3 .* has 4 cells"),
    "a comment below": (CSV + "# the end\n", "row 3 .*: remove comments"),
    "a title": ("My table\n" + CSV, "remove what stands above the header"),
    "sep=;": ("sep=;\n" + CSV.replace(",", ";"), "not separated by commas"),
    "a comma at the ends": (CSV.replace("\n", ",\n"), "no name for column 4.*comma at the ends"),
    "a quote left open": (
        CSV + '3,"red,a\n4,red,a\n',
        r"row 3 .*: close the quote that is opened there",
    ),
    "half of a gzip": (gzip.compress(CSV.encode() * 99)[:60], "cannot be unpacked"),
    "a workbook": (b"PK\x03\x04" + bytes(99), "a ZIP archive or an Excel workbook"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(99), "compressed by zstd"),
    "UTF-16": (CSV.encode("utf-16"), "is UTF-16: save the table"),
    "zero bytes": (CSV.encode() + b"\0", "zero bytes"),
    "half a Parquet": (b"PAR1" + bytes(99), "Parquet"),
    "comments alone": ("# a\n# b\n", "no rows|no header"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_whole_is_refused_for_the_right_reason(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        read(tmp_path, content)


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(',"\n#'), max_size=6
)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_every_cell_that_a_writer_quotes_comes_back(tmp_path_factory, rows):
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("x", "y"), *rows])
    cells = read(tmp_path_factory.mktemp("csv"), stream.getvalue())
    assert list(cells.itertuples(index=False, name=None)) == rows


def test_parquet_gives_the_cells_that_a_csv_would(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "number": [0.1, None, 1e300],
            "flag": [True, False, None],
            "word": ["NA", "", None],
            "kind": pd.Categorical(["a", "b", "a"]),
            "day": pd.to_datetime(["2024-01-31 00:00", "2024-02-01 12:30", None]),
        }
    )
    table.to_parquet(tmp_path / "own.parquet")
    cells = read_cells(tmp_path / "own.parquet")
    assert cells["whole"].tolist() == ["1", "2", "3"]
    assert pd.to_numeric(cells["number"]).fillna(-1).tolist() == [0.1, -1, 1e300]
    assert cells["flag"].tolist() == ["True", "False", ""]
    assert cells["word"].tolist() == ["NA", "", ""]
    assert cells["kind"].tolist() == ["a", "b", "a"]
    assert pd.to_datetime(cells["day"][2]) == pd.Timestamp("2024-02-01 12:30")
    assert list(cells.index) == [1, 2, 3]


def test_a_column_of_lists_in_parquet_is_refused_by_name(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [[1], [2]], "y": [1, 2]}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(UserError, match=r"column 'x' holds list.*not one value per row"):
        read_cells(tmp_path / "own.parquet")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "rows",
    [
        ["1,x", "2,NA", ",", "#3,\u2028"],
        ["1,x", "a,b", "true,null", "1e5, y"],
        ["1,x", "", "2,y"],
        ["1,\tx", "\t2,y ", "x" * 2**21 + ",y"],
        ["1,x", "2"],
        ["1,x", "\u00a0", "2,y"],
    ],
)
def test_both_parsers_read_the_same_or_refuse_alike(tmp_path, monkeypatch, end, rows):
    path = tmp_path / "t.csv"
    path.write_text(end.join(["# made by hand", "a,b", *rows, ""]), encoding="utf-8", newline="")
    found = []
    for plain in (table_files.is_plain, lambda stream: False):
        monkeypatch.setattr(table_files, "is_plain", plain)
        try:
            table = read_cells(path)
            found.append((table.to_dict("list"), list(table.index), table.attrs))
        except UserError as error:
            found.append(str(error))
    assert found[0] == found[1]
