"""How far a quantized model is from the one it was made from."""
