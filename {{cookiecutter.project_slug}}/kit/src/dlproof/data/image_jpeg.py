"""JPEG files that decode without an error although a part of the picture is missing.

libjpeg paints grey, or what foreign bytes happen to mean, and only warns; Pillow keeps the warning
to itself, and of the libraries that do not (simplejpeg, PyTurboJPEG) none is needed for more. The
decoder itself is asked instead: bytes put behind a whole scan are never looked at, behind one that
ends early they become picture; and a whole scan looks different without its last bytes.
"""

import io
import re
import struct
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # ends a scan: no stuffed byte, no restart
SCAN, END = 0xDA, 0xD9
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
PAD = bytes(range(16, 240)) * 8  # put after a scan; without the byte that begins a marker
SURPLUS = 32  # bytes after the picture with which cameras may pad a scan
GREY, TAIL = {127, 128}, 24  # how a missing part looks, and bytes of pixels that tell it


@dataclass(frozen=True)
class Scan:
    """One scan of a file.

    Attributes:
        start: Of its compressed bytes.
        stop: Behind them.
        bands: (component, first coefficient, last, bits that are still to come).
    """

    start: int
    stop: int
    bands: tuple[tuple[int, int, int, int], ...]


def find_loss(content: bytes, whole: Image.Image) -> str:
    """Why a JPEG file does not hold the picture that it decodes to; empty where it does.

    Args:
        content: The file's bytes.
        whole: As Pillow has decoded it.
    """
    scans = find_scans(content)
    if not scans:
        return ""
    pixels = whole.tobytes()
    padded = [(scan.stop, scan.stop) for scan in scans]
    if lacks_refinement(scans) or decode(splice(content, padded), whole.mode) != pixels:
        return "ends early: a part of the picture is missing"
    cut = scans[0].stop - SURPLUS
    # Of several scans, the last bytes of one may bring nothing that can be seen.
    if len(scans) > 1 or cut < scans[0].start + SURPLUS or set(pixels[-TAIL:]) <= GREY:
        return ""
    shorter = content[:cut] + (content[scans[0].stop :] or b"\xff\xd9")
    if decode(shorter, whole.mode) == pixels:
        return "holds more bytes than its picture uses: it was changed on the way"
    return ""


def find_scans(content: bytes) -> list[Scan]:
    """Where the scans of a file are, up to its end mark or the first byte that is not a marker."""
    scans, at = [], 2
    while match := re.compile(rb"\xff+([^\x00\xff])").match(content, at):
        marker, at = match[1][0], match.end()
        if marker == END:
            break
        if marker in WITHOUT_LENGTH:
            continue
        if at + 2 > len(content):
            break
        length = struct.unpack_from(">H", content, at)[0]
        if marker == SCAN:
            ending = MARKER.search(content, at + length)
            stop = ending.start() if ending else len(content)
            scans.append(Scan(at + length, stop, read_bands(content[at + 2 : at + length])))
            length = stop - at
        at += length
    return scans


def read_bands(header: bytes) -> tuple[tuple[int, int, int, int], ...]:
    """The bands of a scan, from its header (ITU T.81, B.2.3)."""
    count = header[0] if header else 0
    if len(header) < 4 + 2 * count:
        return ()
    first, last, bits = header[1 + 2 * count : 4 + 2 * count]
    return tuple((header[1 + 2 * n], first, last, bits & 15) for n in range(count))


def lacks_refinement(scans: list[Scan]) -> bool:
    """Whether a progressive file announces bits of a coefficient that no later scan brings."""
    missing: dict[tuple[int, int], int] = {}
    for scan in scans:
        for component, first, last, bits in scan.bands:
            missing |= {(component, number): bits for number in range(first, last + 1)}
    return any(missing.values())


def splice(content: bytes, gaps: list[tuple[int, int]]) -> bytes:
    """The file with `PAD` in place of some parts."""
    edges = [0, *(edge for gap in gaps for edge in gap), len(content)]
    return PAD.join(content[start:stop] for start, stop in list(pairwise(edges))[::2])


def decode(content: bytes, mode: str) -> bytes | None:
    """The pixels of a changed file, None where it cannot be decoded at all."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return image.convert(mode).tobytes() if image.mode != mode else image.tobytes()
    except Exception:  # whatever the changed bytes make the decoder run into
        return None
