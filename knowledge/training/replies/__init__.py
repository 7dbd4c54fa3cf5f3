"""Lessons for the decoder: replies conditioned on blocks of memory."""
