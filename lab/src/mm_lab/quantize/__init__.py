"""Two-bit weights: training, explicit codes, and their ONNX form."""
