"""One seed for everything: independent, named streams of random numbers.

A stream is named by what it is for, e.g. ``generator(seed, "shuffle", epoch)``.
Streams do not influence each other, so that a run that is resumed at a step
draws what the uninterrupted one would have drawn, and using more numbers in
one place changes nothing elsewhere.
"""

from __future__ import annotations

import hashlib
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


# Permutations without arrays of all numbers ----------------------------------------

_ROUNDS = 64
_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class Permutation:
    """A random order of 0..size - 1 of which any part is computed when needed.

    Sixty-four rounds of a swap-or-not shuffle: in each one a number and its partner
    (a secret minus it) change places or not, as a hash of the two says. It takes no
    memory, whatever the size. Other orders than those of ``Generator.shuffle``.

    Args:
      seed: any integer.
      names: of the random stream, as in :func:`generator`.
    """

    def __init__(self, seed: int, *names: str | int) -> None:
        bits = generator(seed, *names).bit_generator.random_raw(2 * _ROUNDS)
        self._keys = np.asarray(bits, np.uint64).reshape(_ROUNDS, 2)

    def take(
        self,
        numbers: np.ndarray,
        size: np.ndarray | int,
        group: np.ndarray | int = 0,
    ) -> np.ndarray:
        """Where numbers come to lie.

        Args:
          numbers: ``(n,)`` integers, 0..size - 1.
          size: how many numbers change places, of each group where an array.
          group: ``(n,)``, or one for all: groups are permuted independently.

        Returns:
          ``(n,)`` int64, 0..size - 1; different for different numbers of a group.
        """
        first, second, third = (np.uint64(value) for value in _ODD)
        found = np.asarray(numbers).astype(np.uint64)
        sizes = np.asarray(size).astype(np.uint64)
        salt = np.asarray(group).astype(np.uint64) * first
        # Products are meant to overflow: they are hashes.
        with np.errstate(over="ignore"):
            for secret, key in self._keys:
                partner = _mixed(secret ^ salt, second) % sizes + sizes - found
                partner -= np.where(partner >= sizes, sizes, np.uint64(0))
                both = np.maximum(found, partner)
                hashed = _mixed(_mixed(both ^ key, second) ^ salt, third)
                found = np.where(hashed >> np.uint64(63), partner, found)
        return found.astype(np.int64)


def _mixed(value: np.ndarray, factor: np.uint64) -> np.ndarray:
    value = (value ^ value >> np.uint64(30)) * factor
    mixed: np.ndarray = value ^ value >> np.uint64(27)
    return mixed
