"""One seed for everything: independent, named streams of random numbers.

A stream is named by what it is for, e.g. ``generator(seed, "shuffle", epoch)``.
Streams do not influence each other, so that a run that is resumed at a step
draws what the uninterrupted one would have drawn, and using more numbers in
one place changes nothing elsewhere.
"""

from __future__ import annotations

import hashlib
import math
import secrets

import numpy as np

from groovekit.errors import UsageError

# Seeds fit a signed 32-bit integer, the smallest type a backend takes them in.
SEED_BITS = 31


def draw_seed() -> int:
    """Draws a seed, in 0..2**31 - 1, from the operating system."""
    return secrets.randbits(SEED_BITS)


def one_seed(seed: int | None, rng: np.random.Generator | None = None) -> int:
    """The seed that a caller means who may give one, or a generator, or neither.

    Args:
      seed: drawn if there is neither.
      rng: draws it.

    Raises:
      UsageError: both.
    """
    if rng is None:
        return draw_seed() if seed is None else seed
    if seed is not None:
        raise UsageError("Give a seed or a generator, not both.")
    return int(rng.integers(2**31))


def _digest(seed: int, names: tuple[str | int, ...]) -> bytes:
    parts = [f"i{int(seed)}"]
    for name in names:
        if isinstance(name, str):
            # The length keeps ("ab", "c") and ("a", "bc") apart.
            parts.append(f"s{len(name)}:{name}")
        else:
            parts.append(f"i{int(name)}")
    return hashlib.sha256("/".join(parts).encode()).digest()


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """The random stream called ``names`` of ``seed``.

    The bits depend on nothing else: not on the machine, on NumPy's version or
    on what was drawn before.

    Args:
      seed: any integer.
      names: strings and integers; ``1`` and ``"1"`` are different names.
    """
    entropy = int.from_bytes(_digest(seed, names)[:16], "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def derive(seed: int, *names: str | int) -> int:
    """A seed in 0..2**31 - 1 for code that takes an integer.

    Args:
      seed: any integer.
      names: as in :func:`generator`; independent of the stream of that name.
    """
    digest = _digest(seed, names)
    return int.from_bytes(digest[16:20], "little") >> (32 - SEED_BITS)


def uniforms(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """``rng.random(shape, np.float32)``, several times as fast.

    Args:
      rng: from :func:`generator`.
      shape: of the numbers, in [0, 1).
    """
    count = math.prod(shape)
    bits = rng.bit_generator
    # Each number takes half of 64 bits, the lower half first.
    if count % 2 or bits.state["has_uint32"]:
        return rng.random(shape, np.float32)
    halves = bits.random_raw(count // 2).astype("<u8", copy=False).view("<u4")
    halves >>= np.uint32(8)
    numbers = halves.astype(np.float32)
    numbers *= np.float32(2.0**-24)
    return numbers.reshape(shape)
