"""Our own message class for note sequences, where note_seq is not installed."""
