"""Reading and writing: MIDI, TFRecords, folders of examples, TensorBoard events."""
