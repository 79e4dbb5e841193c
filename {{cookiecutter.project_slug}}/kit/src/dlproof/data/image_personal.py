"""Personal data in images: what cameras and programs write beside the pixels, and files' names."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from ..parallel import over
from .image_files import MAX_PIXELS
from .personal import find_kinds

# Kind -> tags of EXIF, see its standard CIPA DC-008.
TAGS = {
    "owner": ("Artist", "Copyright", "XPAuthor", "CameraOwnerName"),
    "device": ("BodySerialNumber", "LensSerialNumber", "ImageUniqueID"),
    "comment": ("ImageDescription", "UserComment", "XPComment", "XPTitle", "XPSubject"),
}
TEXTS = {  # entries of PNG, GIF and JPEG files
    "owner": ("Author", "Copyright"),
    "comment": ("Comment", "comment", "Description", "Title"),
}
XMP = {"location": b"GPSLatitude", "owner": b"dc:creator"}


def find_personal(root: Path, items: list[str]) -> Iterator[tuple[str, str]]:
    """Kind and place of each find in all images, those that cannot be read left out."""
    for finds in over(partial(find_in_files, root=root), items, "searching for personal data"):
        yield from finds


def find_in_files(items: Sequence[str], root: Path) -> list[tuple[str, str]]:
    """Kind and place of each find in a batch of images."""
    found = []
    for item in items:
        kinds = set(find_kinds(item)) & {"email", "phone", "identity"}
        try:
            with Image.open(root / item) as image:
                if image.width * image.height <= MAX_PIXELS:
                    kinds |= find_in_image(image)
        except Exception:  # `clean` says what is wrong with it
            pass
        found += [(kind, item) for kind in sorted(kinds)]
    return found


def find_in_image(image: Image.Image) -> set[str]:
    """Kinds of personal data in the EXIF, XMP and texts of an opened file."""
    exif = image.getexif()
    tags: dict[int, Any] = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    named = {ExifTags.TAGS.get(tag, ""): value for tag, value in tags.items() if clean(value)}
    kinds = {kind for kind, names in TAGS.items() if any(name in named for name in names)}
    kinds |= {kind for kind, names in TEXTS.items() if any(clean(image.info.get(n)) for n in names)}
    xmp = image.info.get("xmp") or b""
    kinds |= {
        kind
        for kind, mark in XMP.items()
        if mark in (xmp if isinstance(xmp, bytes) else xmp.encode())
    }
    if any(tag in exif.get_ifd(ExifTags.IFD.GPSInfo) for tag in (2, 4)):  # latitude, longitude
        kinds.add("location")
    return kinds | {
        kind for text in named.values() if isinstance(text, str) for kind in find_kinds(text)
    }


def clean(value: Any) -> str:
    """A value without blanks and zeros, which cameras write where they know nothing."""
    return str(value or "").strip("\0 ")
