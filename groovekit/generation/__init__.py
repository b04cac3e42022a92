"""From a run folder to music: trained models and what musicians do with them."""
