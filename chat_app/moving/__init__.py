"""What moves in and out: backups, and conversations of this and other apps. Does not know: pages, HTTP."""
