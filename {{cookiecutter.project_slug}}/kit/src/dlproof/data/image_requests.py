"""Images over HTTP: how the service receives and describes them, and what a client sends."""

import asyncio
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import UserError
from .image_files import BrokenImageError, Reading, decode_image
from .image_range import DEEP

if TYPE_CHECKING:
    from fastapi import Request


async def receive_images(request: "Request", reading: Reading) -> list[Image.Image]:
    """Images of a form with `file` fields, or one image as the body.

    Raises:
        UserError: The body is something else, or an image is broken or not as the rules ask.
    """
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("multipart/form-data"):
        bodies = await read_form(request)
    elif kind.startswith("image/"):
        bodies = [("the body", await request.body())]
    else:
        raise UserError(
            f"content type {kind or 'missing'}: send a form with `file` fields, or image/png …"
        )
    return [await asyncio.to_thread(decode_named, *body, reading) for body in bodies]


async def read_form(request: "Request") -> list[tuple[str, bytes]]:
    """Name and bytes of every `file` field of a form."""
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException

    try:
        form = await request.form()
    except HTTPException as error:
        raise UserError(f"the form cannot be read ({error.detail}).") from error
    unknown = sorted(set(form) - {"file"})
    if unknown:
        raise UserError(f"the form has a field {unknown[0]!r}: only `file` is known.")
    uploads = [upload for upload in form.getlist("file") if isinstance(upload, UploadFile)]
    if not uploads or len(uploads) < len(form.getlist("file")):
        raise UserError("the form's field `file` must hold one or more image files.")
    return [(upload.filename or "a file", await upload.read()) for upload in uploads]


def decode_named(name: str, body: bytes, reading: Reading) -> Image.Image:
    """Decodes one received image, naming it when that fails."""
    try:
        return decode_image(body, reading)
    except BrokenImageError as error:
        raise UserError(f"{name} {error}.") from error


def describe_images() -> dict[str, Any]:
    """OpenAPI `requestBody`: one or more files in a form, or one image as the body."""
    binary = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {"file": {"type": "array", "items": binary}},
        "required": ["file"],
    }
    content = {"multipart/form-data": {"schema": form}, "image/*": {"schema": binary}}
    return {"required": True, "content": content}


def write_images(raw: Sequence[Image.Image]) -> dict[str, Any]:
    """Images as PNG files of a form, for `httpx.post`; as TIFF what PNG cannot hold."""
    files = []
    for number, image in enumerate(raw):
        stream = io.BytesIO()
        kind = "png"
        if image.mode == DEEP:
            values = np.asarray(image)
            if np.array_equal(whole := values.astype(np.uint16), values):
                image = Image.fromarray(whole)
            else:
                kind = "tiff"
        image.save(stream, kind)
        files.append(("file", (f"{number}.{kind}", stream.getvalue(), f"image/{kind}")))
    return {"files": files}
