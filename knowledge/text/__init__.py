"""Text itself: words, names and numbers, dates and times in it. Stands below every room."""
