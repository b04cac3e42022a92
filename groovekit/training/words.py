"""Losses in words, for whatever family of models they are of."""

from __future__ import annotations

from collections.abc import Mapping

_PREFIX = "losses/"
# Those of models with a latent vector.
_KL = "losses/kl_bits"
_RECONSTRUCTION = "losses/r_loss"


def progress_in_words(scalars: Mapping[str, float]) -> str:
    """The training loss and what it is made of, for a line that is written over."""
    if _KL in scalars:
        return f"loss {scalars['loss']:.1f}  KL {scalars[_KL]:.1f} bits"
    return "  ".join([f"loss {scalars['loss']:.2f}", *_parts(scalars)])


def evaluation_in_words(scores: Mapping[str, float]) -> str:
    """The evaluation loss and what it is made of."""
    parts = [f"evaluation loss {scores['loss']:.2f}"]
    if _KL in scores:
        parts.append(f"reconstruction {scores[_RECONSTRUCTION]:.2f}")
        parts.append(f"KL {scores[_KL]:.1f} bits")
    else:
        parts += _parts(scores)
    return ", ".join(parts)


def _parts(scalars: Mapping[str, float]) -> list[str]:
    return [
        f"{name.removeprefix(_PREFIX)} {value:.2f}"
        for name, value in scalars.items()
        if name.startswith(_PREFIX)
    ]
