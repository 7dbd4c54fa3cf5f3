"""Input (I): what a message is, before anything is looked for."""
