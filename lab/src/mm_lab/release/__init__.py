"""What is given to users: the base checkpoint, licences, the finished bundle and its model card."""
