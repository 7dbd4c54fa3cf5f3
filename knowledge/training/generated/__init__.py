"""Dialogues with facts, questions and evidence, made from a grammar and a seed."""
