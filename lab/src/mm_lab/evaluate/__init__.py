"""Task metrics: captions, retrieval and questions."""
