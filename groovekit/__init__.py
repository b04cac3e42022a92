"""groovekit: MusicVAE and GrooVAE in Keras 3, with plug-in converters and configs.

The names in ``__all__`` are the public ones, listed in ``__init__.pyi``; anything else
may change. Each is imported when it is first used, so that ``import groovekit`` costs
next to nothing and loads neither Keras nor TensorFlow.
"""

from __future__ import annotations

import importlib
import sys
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
    "groovekit.models.builder",
    "groovekit.models.decoders",
    "groovekit.models.encoders",
    "groovekit.models.heads",
    "groovekit.models.window_dataset",
    "groovekit.training.keras_run",
    "groovekit.training.trainer",
)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOME[name].startswith(_NEED_KERAS):
        # `import groovekit` alone imports nothing.
        from groovekit.models.installed import prepare_keras  # noqa: PLC0415

        prepare_keras(what=f"{__name__}.{name}")
    found = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _AfterKeras:
    """Tells Keras the names of groovekit's classes when it is imported.

    So that ``import groovekit`` is all it takes for ``keras.saving.load_model`` to open
    groovekit's models, and still does not import Keras. A finder of modules, see
    ``sys.meta_path``.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "keras":
            return None
        finders = [f for f in sys.meta_path if f is not self]
        specs = (finder.find_spec(name, path, target) for finder in finders)
        spec: Any = next(filter(None, specs), None)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: Any) -> None:
                execute(module)
                _register()

            spec.loader.exec_module = execute_and_register
        return spec


def _register() -> None:
    importlib.import_module("groovekit.models.saved_names").register()


# None stands there for a module that must not be found.
if sys.modules.get("keras") is not None:
    _register()
else:
    sys.meta_path.insert(0, _AfterKeras())  # type: ignore[arg-type]  # without a base
