"""The network: trunk, shared decoder, text encoder and retrieval heads."""
