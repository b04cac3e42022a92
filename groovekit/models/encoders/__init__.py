"""Networks from windows to embeddings.

An encoder is a Keras layer, ``encoder(x, lengths, training=...) -> embedding``,
with an ``output_depth``. It is built from flat arguments and registered by name
(``groovekit.plugins.catalogue.encoders``).
"""
