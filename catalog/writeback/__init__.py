"""Writing genre tags to files, with a journal and byte-exact undo."""
