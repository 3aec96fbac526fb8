"""Augmented views of a photo: crop, mirror and colour, with left and right kept honest."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance


@dataclass(frozen=True)
class ViewSettings:
    """Ranges of the random view. Scales are fractions of the side, jitters are half-widths."""

    min_scale: float = 0.75
    aspect_jitter: float = 0.12
    mirror: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.15


def plain_view(pixels: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """The whole photo, squeezed to a square: what the runtime feeds. (3,size,size) in [-1,1]."""
    return _normalised(Image.fromarray(pixels), size)


def random_view(
    pixels: NDArray[np.uint8], size: int, rng: random.Random, settings: ViewSettings
) -> tuple[NDArray[np.float32], bool]:
    """A random crop with light colour jitter, and whether it was mirrored.

    Hue is left alone, since captions and answers name colours.
    """
    image = Image.fromarray(pixels)
    scale = rng.uniform(settings.min_scale, 1.0)
    aspect = rng.uniform(1 - settings.aspect_jitter, 1 + settings.aspect_jitter)
    width = min(image.width, round(image.width * scale * aspect))
    height = min(image.height, round(image.height * scale / aspect))
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    image = image.crop((left, top, left + width, top + height))
    for enhancer, jitter in (
        (ImageEnhance.Brightness, settings.brightness),
        (ImageEnhance.Contrast, settings.contrast),
        (ImageEnhance.Color, settings.saturation),
    ):
        image = enhancer(image).enhance(rng.uniform(1 - jitter, 1 + jitter))
    mirrored = rng.random() < settings.mirror
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _normalised(image, size), mirrored


def _normalised(image: Image.Image, size: int) -> NDArray[np.float32]:
    resized = image.resize((size, size), Image.Resampling.BICUBIC)
    return ((np.asarray(resized, np.float32) - 127.5) / 127.5).transpose(2, 0, 1)
