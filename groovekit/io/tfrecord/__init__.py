"""TFRecord files of note sequences."""
