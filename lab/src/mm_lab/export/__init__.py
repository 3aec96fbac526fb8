"""The trained model as ONNX graphs for the runtime."""
