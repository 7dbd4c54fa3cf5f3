"""A decoder on this machine, by transformers: memories as cached blocks, decoded token by token."""
