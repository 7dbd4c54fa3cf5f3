"""The licensed sets of dialogues and questions, read from their archives."""
