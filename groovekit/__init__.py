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
    from groovekit.config import (
        AugmentationConfig,
        DecoderConfig,
        EncoderConfig,
        LatentConfig,
        ModelConfig,
        TrainingConfig,
        get_config,
    )
    from groovekit.converters.base import (
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
    from groovekit.datasets import Examples, Prepared, load_examples, prepare
    from groovekit.errors import GroovekitError
    from groovekit.generation import TrainedModel
    from groovekit.io.conversion import convert_folder
    from groovekit.io.midi import read_midi, write_midi
    from groovekit.models.decoder_base import CoreDecoder, Decoder
    from groovekit.models.heads import Head
    from groovekit.notes import NoteSequence
    from groovekit.plugins import (
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
    from groovekit.training import TrainResult, TrainSettings, train

__all__ = [
    "AugmentationConfig",
    "Converter",
    "CoreDecoder",
    "Counts",
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
    "config": (
        "AugmentationConfig",
        "DecoderConfig",
        "EncoderConfig",
        "LatentConfig",
        "ModelConfig",
        "TrainingConfig",
        "get_config",
    ),
    "converters.base": (
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
    "datasets": ("Examples", "Prepared", "load_examples", "prepare"),
    "errors": ("GroovekitError",),
    "generation": ("TrainedModel",),
    "io.conversion": ("convert_folder",),
    "io.midi": ("read_midi", "write_midi"),
    "models.decoder_base": ("CoreDecoder", "Decoder"),
    "models.heads": ("Head",),
    "notes": ("NoteSequence",),
    "plugins": (
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
    "training": ("TrainResult", "TrainSettings", "train"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
