"""What a very small decoder needs around its replies; off for every other."""
