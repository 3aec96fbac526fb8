"""Multi-task training: cross-entropy, self-critical, resumable."""
