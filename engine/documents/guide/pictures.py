"""Make every picture anew: its pixels within bounds, nothing else of the file that was sent."""

from __future__ import annotations

import hashlib
import io
import warnings

from PIL import Image, ImageOps

from engine.introduction import Picture

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
PIXELS = 25_000_000
"""Pixels of a picture that is opened."""

LONGEST = 1200
"""Pixels of the longer side of what is kept."""

MEDIA_TYPE = "image/jpeg"
_QUALITY = 88


class NoPicture(Exception):
    """It is no picture of a kind we read, or not a whole one."""


class TooManyPixels(Exception):
    """The picture has more than PIXELS."""


def make_anew(institution: str, content: bytes) -> Picture:
    """Read a picture and write its pixels as JPEG, upright, on white, at most LONGEST wide and high.

    Its number comes of institution and pixels. Raises NoPicture, and TooManyPixels before any pixel is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is bounded or refused here
            made = _pixels(content)
    except Image.DecompressionBombError as problem:
        raise TooManyPixels from problem
    except (OSError, ValueError, SyntaxError, IndexError, KeyError, TypeError, EOFError, MemoryError, AttributeError) as problem:
        # These are what Pillow's readers of broken files raise.
        raise NoPicture from problem
    kept = io.BytesIO()
    made.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    number = hashlib.sha256(f"{institution}\0".encode() + kept.getvalue()).hexdigest()[:32]
    return Picture(picture=number, media_type=MEDIA_TYPE, width=made.width, height=made.height, content=kept.getvalue())


def _pixels(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        if opened.width * opened.height > PIXELS:
            raise TooManyPixels
        opened.draft("RGB", (LONGEST, LONGEST))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((LONGEST, LONGEST))
        seen = upright.convert("RGBA")
    plain = Image.new("RGB", seen.size, "white")
    plain.paste(seen, mask=seen.getchannel("A"))
    return plain
