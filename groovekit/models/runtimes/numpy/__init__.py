"""Trained models in NumPy alone: for some windows, without waiting for Keras.

Loading Keras and its backend takes longer than computing some hundreds of windows.
Here are the networks that groovekit brings once more, for generating and encoding
only, with the same weights, the same random numbers from the host and the same
rules of sampling. Networks of plug-ins have no such twin: for them there is Keras.
"""
