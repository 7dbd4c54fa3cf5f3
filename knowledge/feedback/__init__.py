"""What an owner's read learns from feedback, in the running app."""
