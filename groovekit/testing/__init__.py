"""Conformance: does a converter or config do what groovekit expects of it?

For the tests of plug-ins, and of groovekit itself::

    from groovekit.testing import check_config, check_converter

    def test_converter():
        check_converter(SwingGroove(bars=2))

    def test_config():
        check_config(gk.get_config("swing_kit.groove_2bar").with_overrides(TINY))

Each check that fails raises :class:`ConformanceError`, an ``AssertionError``, which
says what was expected, what came and what to do. Keras is imported by
:func:`check_config` alone.
"""

from __future__ import annotations

from groovekit.testing.checks import ConformanceError as ConformanceError
from groovekit.testing.configs import check_config as check_config
from groovekit.testing.converters import check_converter as check_converter
from groovekit.testing.sequences import example_sequences as example_sequences

__all__ = [
    "ConformanceError",
    "check_config",
    "check_converter",
    "example_sequences",
]
