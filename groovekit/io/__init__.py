"""Notes and files: MIDI, TFRecords, scores, tempo, pictures, sound, atomic writing."""
