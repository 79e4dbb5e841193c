"""What tells of people is found by name or by form; plain measurements raise no alarm."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from {{ cookiecutter.package_name }}.data.personal import MAX_PLACES, find_kinds, tally

pytestmark = pytest.mark.unit
IMAGES = Path(__file__).parents[2].joinpath("configs", "data", "folder.yaml").exists()
images_only = pytest.mark.skipif(not IMAGES, reason="the project has no images")
tables_only = pytest.mark.skipif(IMAGES, reason="the project has no tables")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to ada.lovelace+1@mail.example.org today", "email"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("GB82WEST12345698765432", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("5500000000000004", "card"),
        ("123-45-6789", "identity"),
        ("+49 (0)30 1234 5678", "phone"),
        ("(555) 123-4567", "phone"),
        ("192.168.0.17", "ip"),
    ],
)
def test_what_is_written_like_personal_data_is_found(text, kind):
    assert list(find_kinds(text)) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GB82WEST12345698765433",  # wrong check digits
        "4111 1111 1111 1112",
        "000-45-6789",
        "999.1.1.1",
        "2024-01-31 12:30:00",
        "17.99",
        "0.30010000000000003",
        "-122.4194155",
        "1.5e-10",
        "12345678",
        "user@host",
        "version 10.4",
    ],
)
def test_what_only_looks_a_little_like_it_raises_no_alarm(text):
    assert list(find_kinds(text)) == []


def test_a_long_text_is_searched_in_time_that_grows_with_its_length():
    assert list(find_kinds("z" * 500_000)) == []
    assert list(find_kinds("1" * 500_000)) == []


def test_the_report_counts_all_finds_and_names_the_first_places_only():
    found = tally(("email", f"row {number}") for number in range(30))
    assert found["email"]["count"] == 30
    assert found["email"]["places"] == [f"row {number}" for number in range(MAX_PLACES)]


def look(table):
    from {{ cookiecutter.package_name }}.data.table_personal import find_personal

    return set(find_personal(pd.DataFrame(table, dtype=object)))


@tables_only
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Name", "name"),
        ("firstName", "name"),
        ("Patient name", "name"),
        ("e-mail", "email"),
        ("home_phone", "phone"),
        ("DateOfBirth", "birth"),
        ("date of birth", "birth"),
        ("zip", "address"),
        ("SSN", "identity"),
        ("longitude", "location"),
    ],
)
def test_a_column_is_known_by_its_name(name, kind):
    assert look({name: ["x", "y"]}) == {(kind, f"column {name}")}


@tables_only
@pytest.mark.parametrize("name", ["product_name", "filename", "ratio", "mean_radius", "tip", "age"])
def test_a_harmless_name_is_let_pass(name):
    assert look({name: ["x", "y"]}) == set()


@tables_only
def test_cells_are_named_by_column_and_row_and_their_content_is_not():
    found = look({"note": ["nothing", None, "ask ada@example.org"]})
    assert found == {("email", "column note, row 3")}


@tables_only
def test_bare_numbers_are_cards_only_where_nearly_all_are():
    generator = np.random.default_rng(0)
    numbers = [str(number) for number in generator.integers(4e15, 5e15, 200)]
    assert look({"serial": numbers}) == set()
    assert len(look({"serial": ["4111111111111111", "5500000000000004"]})) == 2


@images_only
def test_metadata_of_an_image_tells_of_place_owner_device_and_more(tmp_path):
    from PIL import Image, PngImagePlugin

    from {{ cookiecutter.package_name }}.data.image_personal import find_personal

    picture = Image.new("L", (8, 8))
    picture.save(tmp_path / "bare.png")
    (tmp_path / "broken.png").write_bytes(b"x")
    exif = Image.Exif()
    exif[0x013B] = "Ada"  # artist
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # latitude
    exif.get_ifd(0x8769)[0xA431] = "SN-1"  # the body's serial number
    picture.save(tmp_path / "exif.jpg", exif=exif)
    picture.save(tmp_path / "comment.jpg", comment=b"Ada at home")
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "ada@example.org")
    picture.save(tmp_path / "ada@example.org.png", pnginfo=texts)
    found = set(find_personal(tmp_path, sorted(path.name for path in tmp_path.iterdir())))
    assert found == {
        ("location", "exif.jpg"),
        ("owner", "exif.jpg"),
        ("device", "exif.jpg"),
        ("comment", "comment.jpg"),
        ("owner", "ada@example.org.png"),
        ("email", "ada@example.org.png"),
    }


@pytest.mark.pipeline
def test_ingest_reports_nothing_for_plain_data_and_what_it_finds_else(project, run):
    assert run("ingest").figures["personal"] == {}
    if IMAGES:
        source = next(Path("raw/plain").iterdir())
        source.rename(source.with_name("ada@example.org.png"))
    else:
        table = pd.read_csv("raw.csv")
        table.assign(note="ada@example.org").to_csv("raw.csv", index=False)
    found = run("ingest").figures["personal"]["email"]
    assert found["count"] >= 1
    assert found["places"]
