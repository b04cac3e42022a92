"""Names under which files of Keras's hold groovekit's classes.

``keras.saving`` opens files whose classes are registered, which they are once their
modules are imported. Importing groovekit imports none of them: until then the names
lead to these stand-ins.
"""

from __future__ import annotations

import sys
from typing import Any

from groovekit.plugins.registry import import_target

#: Module of each class with ``register_keras_serializable(package="groovekit")``.
HOMES = {
    "BidirectionalLSTMEncoder": "groovekit.models.encoders.bidirectional",
    "ClippedAdam": "groovekit.models.optimizer",
    "Conductor": "groovekit.models.decoders.conductor",
    "DecayToMinimum": "groovekit.models.optimizer",
    "DilatedBlock": "groovekit.models.masked.network",
    "DirectLatentLayer": "groovekit.models.latent",
    "HeadLayer": "groovekit.models.heads.layer",
    "HeadLoss": "groovekit.models.heads.layer",
    "HierarchicalLSTMDecoder": "groovekit.models.decoders.hierarchical",
    "HierarchicalLSTMEncoder": "groovekit.models.encoders.hierarchical",
    "LSTMDecoder": "groovekit.models.decoders.lstm",
    "LSTMEncoder": "groovekit.models.encoders.lstm",
    "LSTMStack": "groovekit.models.lstm",
    "LatentLayer": "groovekit.models.latent",
    "MaskedModel": "groovekit.models.masked.network",
    "MusicVAE": "groovekit.models.music_vae",
    "NADELayer": "groovekit.models.heads.nade",
    "ParallelDecoder": "groovekit.models.decoders.parallel",
    "ParallelEncoder": "groovekit.models.encoders.parallel",
    "ResidualMLP": "groovekit.models.residual",
    "ResidualTCN": "groovekit.models.masked.network",
    "SplitLSTMDecoder": "groovekit.models.decoders.split",
    "StoredCodes": "groovekit.models.prior",
    "WarmupCosine": "groovekit.models.optimizer",
}


class StandIn:
    """Stands for a class that is imported when a file asks for it.

    Args:
      target: ``"module:class"``.
    """

    def __init__(self, target: str) -> None:
        self.target = target

    def from_config(self, config: dict[str, Any], **kwargs: Any) -> Any:
        """What the class makes of a config."""
        return import_target(self.target).from_config(config, **kwargs)


def register() -> None:
    """Makes the names known to Keras, which has been imported."""
    known = sys.modules["keras"].saving.get_custom_objects()
    for name, module in HOMES.items():
        known.setdefault(f"groovekit>{name}", StandIn(f"{module}:{name}"))
