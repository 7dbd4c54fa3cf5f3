"""The external memory: catalog, words and vectors, kept in step."""
