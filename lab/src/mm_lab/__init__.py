"""Makes, checks and measures the model bundle of Mobile Multimodal."""

import os

# Before anything imports ONNX Runtime, whose official builds collect telemetry otherwise (its Privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
