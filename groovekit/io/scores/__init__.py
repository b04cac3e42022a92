"""MusicXML and ABC files as note sequences, read by music21 where it is installed."""
