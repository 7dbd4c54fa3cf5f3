"""What runs beside the chat: taking in files, importing memories, learning."""
