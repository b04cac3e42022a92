"""groovekit: MusicVAE and GrooVAE in Keras 3, with plug-in converters and configs.

The names in ``__all__`` are the public ones; anything else may change. Each is
imported when it is first used, so that ``import groovekit`` costs next to
nothing and loads neither Keras nor TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig, get_config
    from groovekit.configs.parts import (
        DecoderConfig,
        EncoderConfig,
        LatentConfig,
        TrainingConfig,
    )
    from groovekit.converters.base import (
        AugmentationConfig,
        Converter,
        Counts,
        Encoded,
        Reason,
        Skipped,
        Slice,
        Tensors,
        Windows,
    )
    from groovekit.converters.drums import DrumsConverter
    from groovekit.converters.groove import GrooveConverter
    from groovekit.converters.kits import KitMap, get_kit
    from groovekit.converters.melody import MelodyConverter
    from groovekit.converters.performance import PerformanceConverter
    from groovekit.converters.trio import TrioConverter
    from groovekit.data.datasets import load_examples
    from groovekit.data.examples import Examples
    from groovekit.data.prepared import Prepared, prepare
    from groovekit.data.settings import DataSettings
    from groovekit.errors import GroovekitError
    from groovekit.evaluation import metrics
    from groovekit.generation.trained_model import TrainedModel
    from groovekit.io.conversion import convert_folder
    from groovekit.io.midi.files import read_midi, write_midi
    from groovekit.io.notes import NoteSequence
    from groovekit.models.decoders.base import CoreDecoder, Decoder
    from groovekit.models.heads.base import Head
    from groovekit.plugins.catalogue import (
        installed_plugins,
        register_attribute,
        register_config,
        register_converter,
        register_decoder,
        register_encoder,
        register_head,
        register_kit_map,
        register_preset,
    )
    from groovekit.training.trainer import TrainResult, TrainSettings, train

__all__ = [
    "AugmentationConfig",
    "Converter",
    "CoreDecoder",
    "Counts",
    "DataSettings",
    "Decoder",
    "DecoderConfig",
    "DrumsConverter",
    "Encoded",
    "EncoderConfig",
    "Examples",
    "GrooveConverter",
    "GroovekitError",
    "Head",
    "KitMap",
    "LatentConfig",
    "MelodyConverter",
    "ModelConfig",
    "NoteSequence",
    "PerformanceConverter",
    "Prepared",
    "Reason",
    "Skipped",
    "Slice",
    "Tensors",
    "TrainResult",
    "TrainSettings",
    "TrainedModel",
    "TrainingConfig",
    "TrioConverter",
    "Windows",
    "__version__",
    "convert_folder",
    "get_config",
    "get_kit",
    "installed_plugins",
    "load_examples",
    "metrics",
    "prepare",
    "read_midi",
    "register_attribute",
    "register_config",
    "register_converter",
    "register_decoder",
    "register_encoder",
    "register_head",
    "register_kit_map",
    "register_preset",
    "train",
    "write_midi",
]

# module -> its public names; the same as above, for run time.
_MODULES = {
    "configs.base": ("ModelConfig", "get_config"),
    "configs.parts": (
        "DecoderConfig",
        "EncoderConfig",
        "LatentConfig",
        "TrainingConfig",
    ),
    "converters.base": (
        "AugmentationConfig",
        "Converter",
        "Counts",
        "Encoded",
        "Reason",
        "Skipped",
        "Slice",
        "Tensors",
        "Windows",
    ),
    "converters.drums": ("DrumsConverter",),
    "converters.groove": ("GrooveConverter",),
    "converters.kits": ("KitMap", "get_kit"),
    "converters.melody": ("MelodyConverter",),
    "converters.performance": ("PerformanceConverter",),
    "converters.trio": ("TrioConverter",),
    "data.datasets": ("load_examples",),
    "data.examples": ("Examples",),
    "data.prepared": ("Prepared", "prepare"),
    "data.settings": ("DataSettings",),
    "errors": ("GroovekitError",),
    "evaluation": ("metrics",),
    "generation.trained_model": ("TrainedModel",),
    "io.conversion": ("convert_folder",),
    "io.midi.files": ("read_midi", "write_midi"),
    "models.decoders.base": ("CoreDecoder", "Decoder"),
    "models.heads.base": ("Head",),
    "io.notes": ("NoteSequence",),
    "plugins.catalogue": (
        "installed_plugins",
        "register_attribute",
        "register_config",
        "register_converter",
        "register_decoder",
        "register_encoder",
        "register_head",
        "register_kit_map",
        "register_preset",
    ),
    "training.trainer": ("TrainResult", "TrainSettings", "train"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
_NEED_KERAS = ("models.decoders.base", "models.heads.base", "training.trainer")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOME[name] in _NEED_KERAS:
        # `import groovekit` alone imports nothing.
        from groovekit.models.installed import prepare_keras  # noqa: PLC0415

        prepare_keras(what=f"{__name__}.{name}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
