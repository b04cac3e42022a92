"""Strokes and tones to render, and what to measure of their sound."""

from __future__ import annotations

import numpy as np

from groovekit.io.notes import NoteSequence


def music(*notes, total=0.0, is_drum=True, program=0, seconds=0.1):
    """Notes ``(start, pitch, velocity)``, each a tenth of a second long."""
    sequence = NoteSequence()
    for start, pitch, velocity in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=start + seconds,
            is_drum=is_drum,
            program=program,
        )
    sequence.total_time = total
    return sequence


def level(sound, start, end, rate):
    """Root of the mean square between two times."""
    return float(np.sqrt(np.mean(sound[round(start * rate) : round(end * rate)] ** 2)))


def spectrum(sound, rate):
    """Frequencies and the power at each, of all channels."""
    channels = np.asarray(sound, np.float64).reshape(len(sound), -1)
    power = (np.abs(np.fft.rfft(channels, axis=0)) ** 2).sum(axis=1)
    return np.fft.rfftfreq(len(channels), 1 / rate), power


def centroid(sound, rate):
    """The mean frequency, weighted by power: how bright a sound is."""
    hertz, power = spectrum(sound, rate)
    return float((hertz * power).sum() / power.sum())


def share(sound, rate, low, high):
    """The share of the power that lies between two frequencies."""
    hertz, power = spectrum(sound, rate)
    return float(power[(hertz >= low) & (hertz < high)].sum() / power.sum())


def sine(hertz, decibels, seconds, rate, *, channels=2, phase=0.0):
    """A sine whose peak lies so far below full scale, on all channels."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * time + phase)
    return np.repeat(wave[:, None], channels, axis=1)
