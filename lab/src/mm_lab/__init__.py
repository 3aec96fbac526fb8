"""Makes, checks and measures the model bundle of Mobile Multimodal."""

__version__ = "0.1.0"
