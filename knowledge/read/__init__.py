"""Output (O): which memories answer a message, and how much each weighs."""
