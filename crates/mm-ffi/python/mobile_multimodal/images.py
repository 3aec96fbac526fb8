"""Pictures in the forms Python programs hold them, as the bindings take them.

Neither NumPy nor PIL is imported here: a value can only be an array or a PIL picture if the caller has imported them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from . import _native
from .errors import MobileMultiModalError

if TYPE_CHECKING:
    import numpy
    import PIL.Image

    from .picture import Picture

ImageInput: TypeAlias = Union[
    str, "os.PathLike[str]", bytes, bytearray, memoryview, "PIL.Image.Image", "numpy.ndarray[Any, Any]", "Picture"
]
"""What every task takes as a picture."""

Source: TypeAlias = _native.ImageSource.PATH | _native.ImageSource.ENCODED | _native.ImageSource.PIXELS
"""What the bindings call one type; they make its cases subclasses of it where type checkers do not see it."""

FORMATS_BY_CHANNELS = {
    1: _native.PixelFormat.GRAY8,
    3: _native.PixelFormat.BGR8,
    4: _native.PixelFormat.BGRA8,
}
"""Arrays are read as OpenCV writes them."""

MAX_BYTES = 2**31 - 1
"""No picture within the core's limits has so many."""

DEEP_MODES = ("I", "F")
"""PIL's modes of more than 8 bits per sample (`I;16` and its kin too), which its `convert` cuts off, not scales."""


def to_source(image: object) -> Source:
    """`image` as the bindings take it; fails with `image.unsupported_type` or `image.unsupported_array`."""
    if isinstance(image, str | os.PathLike):
        return _native.ImageSource.PATH(os.fsdecode(image))
    if isinstance(image, bytes | bytearray | memoryview):
        _check_size(memoryview(image).nbytes)
        return _native.ImageSource.ENCODED(bytes(image))
    # Not `type(image).__module__`: both are subclassed by others.
    array_module, pil_module = sys.modules.get("numpy"), sys.modules.get("PIL.Image")
    if array_module is not None and isinstance(image, array_module.ndarray):
        return _from_array(cast("numpy.ndarray[Any, Any]", image))
    if pil_module is not None and isinstance(image, pil_module.Image):
        return _from_pil(cast("PIL.Image.Image", image))
    hint = "pass a path, the bytes of a file, a PIL image or a NumPy array of uint8"
    if image is None:
        hint = "cv2.imread gives None for a file it cannot read: check the path"
    raise MobileMultiModalError("image.unsupported_type", f"a {type(image).__name__} is not a picture", hint)


def _from_array(array: numpy.ndarray[Any, Any]) -> _native.ImageSource.PIXELS:
    if str(array.dtype) != "uint8":
        hint = "scale the values to 0-255 and convert with .astype('uint8')"
        raise MobileMultiModalError("image.unsupported_array", f"the array's type is {array.dtype}, not uint8", hint)
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    pixel_format = FORMATS_BY_CHANNELS.get(channels)
    if pixel_format is None or array.size == 0:
        hint = "pass height x width (grey), height x width x 3 (BGR) or height x width x 4 (BGRA)"
        raise MobileMultiModalError("image.unsupported_array", f"the array's shape is {array.shape}", hint)
    _check_size(array.nbytes)
    # `tobytes` gives rows without gaps, whatever the strides.
    return _pixels(array.tobytes(), array.shape[1], array.shape[0], channels, pixel_format)


def _from_pil(image: PIL.Image.Image) -> _native.ImageSource.PIXELS:
    from PIL import ImageOps  # noqa: PLC0415  (optional; the caller has it)

    if image.mode.startswith(DEEP_MODES):
        hint = "pass the file itself, or convert the picture to 8 bits first"
        raise MobileMultiModalError("image.unsupported_type", f"a PIL image of mode {image.mode}", hint)
    # As the core does with files: PIL leaves the camera's rotation to its callers.
    image = ImageOps.exif_transpose(image)
    if image.mode not in {"L", "RGB", "RGBA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    formats = {
        "L": (1, _native.PixelFormat.GRAY8),
        "RGB": (3, _native.PixelFormat.RGB8),
        "RGBA": (4, _native.PixelFormat.RGBA8),
    }
    channels, pixel_format = formats[image.mode]
    return _pixels(image.tobytes(), image.width, image.height, channels, pixel_format)


def _check_size(size: int) -> None:
    """Refuses what the bindings, which count bytes in 31 bits, could not carry to the core's own limits."""
    if size > MAX_BYTES:
        hint = "scale the picture down first"
        raise MobileMultiModalError("image.too_large", f"{size} bytes, the limit is {MAX_BYTES}", hint)


def _pixels(
    data: bytes, width: int, height: int, channels: int, pixel_format: _native.PixelFormat
) -> _native.ImageSource.PIXELS:
    return _native.ImageSource.PIXELS(data, width, height, width * channels, pixel_format)
