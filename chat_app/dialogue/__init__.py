"""One dialogue: read, reply, write; and what is shown of how a reply came about."""
