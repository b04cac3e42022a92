"""Networks from windows to latent distributions."""
