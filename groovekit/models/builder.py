"""From a config to a Keras model and its optimiser."""

from __future__ import annotations

import math
from typing import Any

import keras

from groovekit.configs.base import Config, ModelConfig, get_config
from groovekit.configs.masked import MaskedConfig
from groovekit.configs.parts import TrainingConfig
from groovekit.errors import ConfigError
from groovekit.io.groove_table import STYLES
from groovekit.models import schedules
from groovekit.models.encoders.bidirectional import BidirectionalLSTMEncoder
from groovekit.models.family import family_of
from groovekit.models.keras_model import KerasModel
from groovekit.models.latent import DirectLatentLayer, LatentLayer
from groovekit.models.masked import features
from groovekit.models.masked.network import MaskedModel
from groovekit.models.music_vae import MusicVAE, Objective
from groovekit.models.optimizer import ClippedAdam, DecayToMinimum, WarmupCosine
from groovekit.models.prior import StoredCodes
from groovekit.models.protocols import Optimizer
from groovekit.models.windowed import window_arguments
from groovekit.plugins import catalogue
from groovekit.plugins.registry import Registry
from groovekit.seeding import derive


def build_model(config: Config | str, *, seed: int = 0, dtype: str = "float32") -> Any:
    """Builds the model of a config of any family, with fresh weights.

    Args:
      config: what to build, or its registered name.
      seed: of initial weights and of the noise drawn in training.
      dtype: Keras dtype policy, e.g. ``float32`` or ``mixed_bfloat16``.

    Returns:
      A ``keras.Model``, all of its variables created, that can be compiled, fitted,
      saved and loaded like any other: see
      :class:`groovekit.models.keras_model.KerasModel`.

    Raises:
      UnknownNameError: an encoder, decoder or head that nobody registered.
      ConfigError: parts that do not fit together.
    """
    if isinstance(config, str):
        config = get_config(config)
    model: Any = family_of(config).build(config, seed=seed, dtype=dtype)
    if isinstance(model, KerasModel):
        model.remember(config, seed)
    return model


def build_vae(
    config: ModelConfig, *, seed: int = 0, dtype: str = "float32"
) -> MusicVAE:
    """Builds a variational autoencoder with fresh weights; see :func:`build_model`.

    Args:
      config: what to build.
      seed: of initial weights and of the noise drawn in training.
      dtype: Keras dtype policy, e.g. ``float32`` or ``mixed_bfloat16``.

    Returns:
      The model, all of its variables created.

    Raises:
      UnknownNameError: an encoder, decoder or head that nobody registered.
      ConfigError: parts that do not fit together.
    """
    converter, training = config.converter, config.training
    schedules.check_sampling(training.sampling_schedule, training.sampling_rate)
    dropout = 1.0 - training.dropout_keep_prob
    head = _make(
        catalogue.heads,
        config.decoder.head,
        converter.layout,
        **dict(config.decoder.head_options),
    )
    hierarchy: dict[str, Any] = {}
    if config.encoder.level_lengths:
        hierarchy = {
            "level_lengths": config.encoder.level_lengths,
            "core": config.encoder.core,
        }
        _check_levels("encoder", config.encoder.level_lengths, converter.steps)
    encoder = _make(
        catalogue.encoders,
        config.encoder.kind,
        config.encoder.rnn_size,
        converter.input_depth + converter.control_depth,
        residual=config.encoder.residual,
        dropout=dropout,
        seed=derive(seed, "encoder"),
        dtype=dtype,
        name="encoder",
        **hierarchy,
        **window_arguments(
            catalogue.encoders, config.encoder.kind, config, z_size=config.latent.z_size
        ),
        **dict(config.encoder.options),
    )
    latent_class = (
        DirectLatentLayer if config.latent.posterior == "direct" else LatentLayer
    )
    latent_layer = latent_class(
        config.latent.z_size,
        encoder.output_depth,
        seed=derive(seed, "latent"),
        dtype=dtype,
        name="latent",
    )
    control_depth, control_layer = converter.control_depth, None
    if config.decoder.control_rnn_size:
        if not control_depth:
            raise ConfigError(
                "decoder.control_rnn_size is for converters with controls; "
                f"{type(converter).__name__} has none."
            )
        control_layer = BidirectionalLSTMEncoder(
            config.decoder.control_rnn_size,
            control_depth,
            residual=config.decoder.residual,
            dropout=dropout,
            seed=derive(seed, "controls"),
            dtype=dtype,
            name="controls",
        )
        control_depth = control_layer.output_depth
    hierarchy = {}
    if config.decoder.reencode and converter.input_depth != converter.output_depth:
        raise ConfigError(
            "decoder.reencode gives outputs to the encoder, which takes "
            f"{converter.input_depth} values a step; outputs have "
            f"{converter.output_depth}. For drums, converter.roll_input=false makes "
            "both the same."
        )
    if config.decoder.level_lengths:
        hierarchy = {
            "level_lengths": config.decoder.level_lengths,
            "core": config.decoder.core,
            "conductor_size": config.decoder.conductor_size,
            "conductor_projection": config.decoder.conductor_projection,
            "autoregressive": config.decoder.autoregressive,
            "reencoder": encoder if config.decoder.reencode else None,
        }
        _check_levels("decoder", config.decoder.level_lengths, converter.steps)
    decoder = _make(
        catalogue.decoders,
        config.decoder.kind,
        config.decoder.rnn_size,
        config.latent.z_size,
        head,
        control_depth=control_depth,
        residual=config.decoder.residual,
        dropout=dropout,
        seed=derive(seed, "decoder"),
        dtype=dtype,
        name="decoder",
        **hierarchy,
        **window_arguments(catalogue.decoders, config.decoder.kind, config),
        **dict(config.decoder.options),
    )
    prior = None
    if config.latent.prior == "stored":
        prior = StoredCodes(
            config.latent.prior_codes,
            config.latent.prior_clusters,
            config.latent.z_size,
            name="prior",
        )
    objective = Objective(
        free_bits=config.latent.free_bits,
        max_beta=config.latent.max_beta,
        beta_rate=config.latent.beta_rate,
        sampling_schedule=training.sampling_schedule,
        sampling_rate=training.sampling_rate,
        target_bits=config.latent.target_bits,
    )
    return MusicVAE(
        encoder,
        latent_layer,
        decoder,
        objective,
        control_layer=control_layer,
        prior=prior,
        seed=derive(seed, "noise"),
        dtype=dtype,
        name="music_vae",
    )


def _check_levels(part: str, lengths: tuple[int, ...], steps: int) -> None:
    if math.prod(lengths) != steps:
        raise ConfigError(
            f"The product of {part}.level_lengths {list(lengths)} must be the steps of "
            f"a window, {steps}; it is {math.prod(lengths)}."
        )


def _make(registry: Registry[Any], name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Makes a registered part; options that it does not take are named."""
    part = registry.get(name)
    try:
        return part(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The {registry.kind} {name!r} cannot be made with the config's options: "
            f"{error}"
        ) from error


def build_optimizer(
    config: Config,
    model: Any,
    *,
    early: bool = False,
) -> Optimizer:
    """The config's optimiser, built for the model's variables and its precision.

    Args:
      config: whose ``training`` is meant.
      model: a ``keras.Model``.
      early: whether the warm-up's first step has a rate above 0 already.
    """
    training = config.training
    optimizer: Any = ClippedAdam(
        _learning_rate(training, early=early),
        beta_2=training.beta_2,
        weight_decay=training.weight_decay or None,
        clip_mode=training.clip_mode,
        grad_clip=training.grad_clip,
        grad_norm_clip_to_zero=training.grad_norm_clip_to_zero,
        use_ema=training.average > 0,
        ema_momentum=training.average,
    )
    if training.weight_decay:
        # Biases and scales are no kernels; a linear start is where it should be.
        optimizer.exclude_from_weight_decay(
            [
                variable
                for variable in model.trainable_variables
                if len(variable.shape) < 2
                or "/linear/" in variable.path
                or variable.name == "log_scales"
            ]
        )
    if model.dtype_policy.name == "mixed_float16":
        # Small gradients vanish in half precision unless the loss is scaled up.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    built: Optimizer = optimizer
    return built


def build_masked(
    config: MaskedConfig, *, seed: int = 0, dtype: str = "float32"
) -> MaskedModel:
    """Builds a masked model with fresh weights; see :func:`build_model`.

    Args:
      config: what to build.
      seed: of initial weights and dropout.
      dtype: Keras dtype policy.
    """
    network, converter = config.network, config.converter
    return MaskedModel(
        classes=converter.classes,
        input_depth=features.depth(converter.classes, len(STYLES)),
        steps_per_bar=converter.grid.steps_per_bar,
        channels=network.channels,
        dilations=network.dilations,
        dropout=network.dropout,
        velocity_bins=network.velocity_bins,
        offset_bins=network.offset_bins,
        hit_weight=config.masking.hit_weight,
        seed=derive(seed, "masked"),
        dtype=dtype,
        name="masked_model",
    )


def _learning_rate(training: TrainingConfig, *, early: bool) -> Any:
    if training.rate_schedule == "exponential":
        return DecayToMinimum(
            training.learning_rate, training.min_learning_rate, training.decay_rate
        )
    # Short trainings are not to be spent on warming up.
    warmup = min(training.warmup_steps, training.steps // 4)
    falling = max(training.steps - warmup, 1)
    if early:
        return WarmupCosine(
            training.learning_rate, training.min_learning_rate, warmup, warmup + falling
        )
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else training.learning_rate,
        decay_steps=falling,
        alpha=training.min_learning_rate / training.learning_rate,
        warmup_target=training.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
