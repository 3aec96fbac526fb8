"""Photos with captions and questions, whatever the form they are stored in."""
