"""Networks in Keras 3 and the runtimes that compute them, NumPy among them."""
