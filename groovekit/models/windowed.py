"""What parts of models are told that are made for windows of one length.

The same in Keras and in NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groovekit.plugins.registry import Registry

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig


def window_arguments(
    registry: Registry[Any], name: str, config: ModelConfig, **more: Any
) -> dict[str, Any]:
    """Arguments of a registered part that says ``windowed``; none of others.

    Args:
      registry: of encoders or decoders.
      name: of the part; one that is not registered is none of them.
      config: of the model.
      **more: further arguments of such parts.
    """
    if name not in registry.names():
        return {}
    if not getattr(registry.get(name), "windowed", False):
        return {}
    converter = config.converter
    return {
        "steps": converter.steps,
        "bars": converter.window_bars,
        "layout": converter.layout,
        **more,
    }
