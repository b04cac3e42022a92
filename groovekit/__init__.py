"""groovekit: MusicVAE and GrooVAE in Keras 3, with plug-in converters and configs.

The names in ``__all__`` are the public ones, listed in ``__init__.pyi``; anything else
may change. Each is imported when it is first used, so that ``import groovekit`` costs
next to nothing and loads neither Keras nor TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"


def _read_table() -> dict[str, str]:
    """The modules of the public names, as the stub has them."""
    # Importing pathlib takes longer than all of this.
    with open(f"{__file__}i", encoding="utf-8") as stub:  # noqa: PTH123
        words = stub.read().replace("(", "").split()
    starts = [index for index, word in enumerate(words) if word == "from"]
    return {words[start + 3]: words[start + 1] for start in starts}


_HOME = _read_table()

__all__ = sorted([*_HOME, "__version__"])

# These say what is missing, and how to install it, instead of failing to import Keras.
_NEED_KERAS = (
    "groovekit.models.decoders.base",
    "groovekit.models.heads.base",
    "groovekit.training.trainer",
)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOME[name] in _NEED_KERAS:
        # `import groovekit` alone imports nothing.
        from groovekit.models.installed import prepare_keras  # noqa: PLC0415

        prepare_keras(what=f"{__name__}.{name}")
    found = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
