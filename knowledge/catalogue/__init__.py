"""Models that are known by name: where their files come from, fetched with resume, checked, converted once."""
