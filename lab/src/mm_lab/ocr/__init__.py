"""Reading text: the bundle's two models, the reference pipeline and its scores."""
