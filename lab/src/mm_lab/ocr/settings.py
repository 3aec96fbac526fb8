"""Settings of the two text models, as the manifest states them and every pipeline reads them.

Chosen by word F1 on photos of signs and on receipts; the models' published settings (threshold 0.3, box threshold 0.5,
unclip 1.6, dilation) score lower.
"""

from typing import Any

IMAGENET_MEAN = [0.485, 0.456, 0.406]
IMAGENET_STD = [0.229, 0.224, 0.225]

DETECTOR: dict[str, Any] = {
    "color_order": "BGR",
    "mean": IMAGENET_MEAN,
    "std": IMAGENET_STD,
    "scale": 1 / 255,
    "side_multiple": 32,
    "max_side": 960,
    "threshold": 0.2,
    "box_threshold": 0.4,
    "unclip_ratio": 1.4,
}

RECOGNIZER: dict[str, Any] = {
    "color_order": "BGR",
    "height": 48,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "scale": 1 / 255,
    "min_confidence": 0.5,
    "max_width": 3200,
    "width_multiple": 8,
}
