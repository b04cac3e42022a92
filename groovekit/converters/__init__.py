"""Notes to tensors and back: converters, kits, augmentation."""
