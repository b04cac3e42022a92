"""The best linear code of vectors at a given number of bits, in closed form.

A Gaussian with the data's mean and covariance is coded as rate-distortion theory has it
(Cover and Thomas, "Elements of Information Theory", 2006, section 10.3.3): along its
principal axes, each whose variance is above a common level ``theta`` down to that error
("reverse water-filling"). It is the optimum of a variational autoencoder whose encoder
and decoder are linear. NumPy only.
"""

from __future__ import annotations

import dataclasses

import numpy as np

# Variances below are as good as none.
_LEAST_VARIANCE = 1e-12
_BISECTIONS = 100


@dataclasses.dataclass(frozen=True, eq=False)
class LinearCode:
    """A linear encoder and decoder.

    Attributes:
      mean: ``(size,)``: of the vectors.
      vectors: ``(size, k)``: orthonormal axes, by falling variance.
      values: ``(k,)``: variances along the axes.
      theta: error that is left along each axis, where its variance is larger.
    """

    mean: np.ndarray
    vectors: np.ndarray
    values: np.ndarray
    theta: float

    @property
    def gains(self) -> np.ndarray:
        """``(k,)``: share of the variance that the code keeps, 0 for unused axes."""
        return np.asarray(1 - np.minimum(self.values, self.theta) / self.values)

    @property
    def log_sigma(self) -> np.ndarray:
        """``(k,)``: logarithm of the posterior's standard deviation, at most 0."""
        return np.asarray(
            0.5 * np.log(np.minimum(self.values, self.theta) / self.values)
        )

    @property
    def encoder(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel ``(size, k)`` and bias ``(k,)`` of the posterior's mean."""
        kernel = self.vectors * np.sqrt(self.gains / self.values)
        return kernel, -self.mean @ kernel

    @property
    def decoder(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel ``(k, size)`` and bias ``(size,)``."""
        return (self.vectors * np.sqrt(self.values * self.gains)).T, self.mean

    @property
    def bits(self) -> float:
        """What a vector costs on average: KL divergence from N(0, I)."""
        return float(-self.log_sigma.sum() / np.log(2))

    def padded(self, k: int) -> LinearCode:
        """The same with so many axes; those that are added say nothing."""
        missing = k - len(self.values)
        if missing <= 0:
            return self
        return dataclasses.replace(
            self,
            vectors=np.pad(self.vectors, ((0, 0), (0, missing))),
            values=np.pad(self.values, (0, missing), constant_values=self.theta),
        )

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Means of the posterior ``(count, k)`` of vectors ``(count, size)``."""
        kernel, bias = self.encoder
        return np.asarray(vectors @ kernel + bias)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Vectors ``(count, size)`` of latent vectors ``(count, k)``."""
        kernel, bias = self.decoder
        return np.asarray(z @ kernel + bias)

    def kl_bits(self, mean: np.ndarray) -> np.ndarray:
        """``(count,)``: KL divergence from N(0, I) of posteriors with these means."""
        variance = np.exp(2 * self.log_sigma)
        nats = 0.5 * (mean**2 + variance - 1 - 2 * self.log_sigma).sum(axis=1)
        return np.asarray(nats / np.log(2))


@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """Principal axes of vectors.

    Attributes:
      mean: ``(size,)``.
      vectors: ``(size, size)``: orthonormal axes as columns, by falling variance.
      values: ``(size,)``: variances along them.
    """

    mean: np.ndarray
    vectors: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Spectrum:
        """Of the mean and covariance of vectors ``(count, size)``, in float64."""
        data = np.asarray(vectors, np.float64)
        mean = data.mean(axis=0)
        centred = data - mean
        values, axes = np.linalg.eigh(centred.T @ centred / len(data))
        values = np.maximum(values[::-1], _LEAST_VARIANCE)
        return cls(mean, axes[:, ::-1], values)

    def code(self, bits: float, k: int | None = None) -> LinearCode:
        """The code that costs so many bits, if all its axes are kept.

        Args:
          bits: above 0.
          k: axes that are kept at most; None for all that are used.
        """
        low, high = _LEAST_VARIANCE, float(self.values[0])
        for _ in range(_BISECTIONS):
            theta = float(np.sqrt(low * high))
            if 0.5 * np.log2(np.maximum(self.values / theta, 1)).sum() > bits:
                low = theta
            else:
                high = theta
        kept = int((self.values > theta).sum()) if k is None else k
        return LinearCode(self.mean, self.vectors[:, :kept], self.values[:kept], theta)


def fit_linear_code(
    vectors: np.ndarray, bits: float, k: int | None = None
) -> LinearCode:
    """Fits :class:`LinearCode` to vectors ``(count, size)``.

    Args:
      vectors: what is coded.
      bits: what a vector may cost on average, above 0.
      k: axes that are kept at most; None for all that are used.
    """
    return Spectrum.of(vectors).code(bits, k)
