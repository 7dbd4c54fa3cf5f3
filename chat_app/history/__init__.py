"""Dialogues on disk, and what a person said about them."""
