"""Files become passages of memory."""
