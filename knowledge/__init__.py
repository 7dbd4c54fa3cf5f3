"""The memory network: encoder (I), write (G), read (O), decoder (R) and the external memory.

Nothing in here knows about the page, HTTP or accounts: an *owner* is an opaque string.
"""
