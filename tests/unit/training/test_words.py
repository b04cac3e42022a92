from __future__ import annotations

from groovekit.training.words import evaluation_in_words, progress_in_words

LATENT = {"loss": 1.26, "losses/r_loss": 1.0, "losses/kl_bits": 4.0, "metrics/x": 1.0}
OTHER = {"loss": 1.26, "losses/hits": 1.0, "metrics/x": 1.0}


def test_models_with_latent_vectors_say_their_bits():
    assert progress_in_words(LATENT) == "loss 1.3  KL 4.0 bits"
    assert (
        evaluation_in_words(LATENT)
        == "evaluation loss 1.26, reconstruction 1.00, KL 4.0 bits"
    )


def test_others_say_what_their_loss_is_made_of():
    assert progress_in_words(OTHER) == "loss 1.26  hits 1.00"
    assert evaluation_in_words(OTHER) == "evaluation loss 1.26, hits 1.00"
