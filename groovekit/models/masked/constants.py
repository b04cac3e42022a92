"""What the masked model's network is made of beside its sizes, in Keras and NumPy."""

#: Groups of channels that are normalised together.
GROUPS = 4
#: Added to variances.
EPSILON = 1e-5
#: How much of the window's mean, through a matrix that all blocks share, is added.
MEAN_SHARE = 0.3
