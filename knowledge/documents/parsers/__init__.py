"""One file a format: a file → blocks of text with page and headings. ``knowledge.documents.files`` joins them."""
