"""What a person or another program touches: dialogues, history, pages, HTTP. ``knowledge`` never imports it."""
