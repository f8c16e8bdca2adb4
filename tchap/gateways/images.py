"""Making small images out of large ones, off the loop, in a few threads with a bounded queue.

What people upload is hostile until shown otherwise: only four formats are read, an image is measured before it is
unpacked, and nothing of the original but its pixels reaches the thumbnail (no place, no camera, no comment).
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from tchap.base import limits
from tchap.base.errors import LimitExceeded

_BUSY_RETRY_MS = 2_000
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_JPEG_QUALITY = 82
_WEBP_QUALITY = 75


class NotAnImage(ValueError):
    """The bytes are not an image that can be read."""


class ImageTooLarge(ValueError):
    """The image holds more pixels than may be unpacked."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wanted, in pixels: `crop` fills the box exactly, else the image fits inside it."""

    width: int
    height: int
    crop: bool
    animated: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded image and its media type; `data` is None where the original already serves."""

    data: bytes | None
    content_type: str


class ImageMaker:
    """`max_pixels` bounds what is unpacked, all frames of an animation counted."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._pool = ThreadPoolExecutor(limits.IMAGE_THREADS, thread_name_prefix="images")
        self._waiting = 0

    async def make(self, data: bytes, shape: Shape) -> Picture:
        """The image in that shape, never enlarged. NotAnImage, ImageTooLarge, or LimitExceeded when many wait."""
        if self._waiting >= limits.MAX_WAITING_IMAGES:
            raise LimitExceeded(_BUSY_RETRY_MS)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, _make, data, shape, self._max_pixels)
        finally:
            self._waiting -= 1

    async def measure(self, data: bytes) -> tuple[int, int]:
        """Width and height in pixels, read from the image's head. NotAnImage."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _measure, data)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _measure(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return image.width, image.height
    # As below.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError) as error:
        raise NotAnImage from error


def _make(data: bytes, shape: Shape, max_pixels: int) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise ImageTooLarge
            return _shaped(image, shape, max_pixels)
    except ImageTooLarge:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge from error
    # What a decoder may raise on hostile bytes is not listed anywhere: any failure means the image is unreadable.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError) as error:
        raise NotAnImage from error


def _shaped(image: Image.Image, shape: Shape, max_pixels: int) -> Picture:
    frames = getattr(image, "n_frames", 1)
    fits = image.width <= shape.width and image.height <= shape.height
    if frames > 1 and shape.animated and _may_move(image, frames, max_pixels):
        return _original(image) if fits else _animation(image, shape)
    # "When the content is smaller than the requested dimensions, servers should return the original content".
    if fits and frames == 1:
        return _original(image)
    return _still(image, shape)


def _may_move(image: Image.Image, frames: int, max_pixels: int) -> bool:
    return frames <= limits.MAX_THUMBNAIL_FRAMES and image.width * image.height * frames <= max_pixels


def _original(image: Image.Image) -> Picture:
    return Picture(None, Image.MIME[image.format or "PNG"])


def _still(image: Image.Image, shape: Shape) -> Picture:
    if image.format == "JPEG":
        # Lets the decoder work at a fraction of the size, still at least twice what is wanted.
        image.draft("RGB", (shape.width * 2, shape.height * 2))
    upright = ImageOps.exif_transpose(image)
    see_through = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    small = _resize(upright.convert("RGBA" if see_through else "RGB"), shape)
    out = io.BytesIO()
    if see_through:
        small.save(out, "PNG")
        return Picture(out.getvalue(), "image/png")
    small.save(out, "JPEG", quality=_JPEG_QUALITY, progressive=True)
    return Picture(out.getvalue(), "image/jpeg")


def _animation(image: Image.Image, shape: Shape) -> Picture:
    frames, durations = [], []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(_resize(image.convert("RGBA"), shape))
        durations.append(int(image.info.get("duration") or 100))
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=_WEBP_QUALITY
    )
    return Picture(out.getvalue(), "image/webp")


def _resize(image: Image.Image, shape: Shape) -> Image.Image:
    """Client-server API, "Thumbnails": crop gives the box's proportions, scale keeps the image's; never enlarged."""
    if shape.crop:
        ratio = min(1.0, image.width / shape.width, image.height / shape.height)
        box = (max(1, round(shape.width * ratio)), max(1, round(shape.height * ratio)))
        return ImageOps.fit(image, box, Image.Resampling.LANCZOS)
    ratio = min(1.0, shape.width / image.width, shape.height / image.height)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
