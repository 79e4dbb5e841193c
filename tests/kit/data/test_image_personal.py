"""What cameras and programs write beside the pixels is found."""

from dlproof.data.image_personal import find_personal
from PIL import Image, PngImagePlugin


def test_metadata_of_an_image_tells_of_place_owner_device_and_more(tmp_path):

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
