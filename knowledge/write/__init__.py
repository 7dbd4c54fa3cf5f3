"""Generalization (G): what becomes of a new turn in memory."""
