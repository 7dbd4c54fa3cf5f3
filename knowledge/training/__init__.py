"""Training of the memory network's parts: data, losses, loops. ``python -m knowledge.training PART``."""
