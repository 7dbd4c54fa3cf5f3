"""Exports of other chat apps → conversations, each a tree of messages. Does not know: history, memory, owners."""
