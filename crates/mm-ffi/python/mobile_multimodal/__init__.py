"""Captions, text reading, answers and search for photos, entirely on the device.

>>> from mobile_multimodal import MobileMultiModalLLM
>>> model = MobileMultiModalLLM.from_pretrained("mobile-mm-llm-int2")
>>> model.generate_caption("photo.jpg")  # doctest: +SKIP
'A dog running on the beach'
"""

from importlib.metadata import version as _version

from .errors import MobileMultiModalError
from .images import ImageInput
from .model import MobileMultiModalLLM
from .picture import CancelToken, Picture
from .results import Answer, Caption, ModelInfo, Notice, TextPage, TextRegion, WordBox

__version__ = _version("mobile-multimodal")

__all__ = [
    "Answer",
    "CancelToken",
    "Caption",
    "ImageInput",
    "MobileMultiModalError",
    "MobileMultiModalLLM",
    "ModelInfo",
    "Notice",
    "Picture",
    "TextPage",
    "TextRegion",
    "WordBox",
]
