"""Response (R): what every decoder offers, what it is told, and whether its reply stands on what was read."""
