"""The door: who may come in from other computers. A password, signed cookies, a key for programs, names of this server.

Does not know: conversations, memories, pages, or HTTP frameworks.
"""
