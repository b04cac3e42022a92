"""Networks from latent vectors to windows."""
