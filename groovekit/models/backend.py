"""What each backend does in its own way, for TensorFlow, JAX and PyTorch.

Loops over steps, and compiled functions for training, gradients and inference.
But for this and :mod:`groovekit.models.recurrence` (LSTM layers), everything in
``groovekit.models`` is ``keras.ops`` and Keras layers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from groovekit.errors import OutOfMemoryError
from groovekit.models.installed import BACKENDS, prepare_keras
from groovekit.models.protocols import Optimizer, Variables

# Training and evaluating come here first: without Keras they end in one sentence.
prepare_keras(what="this part of groovekit")

import keras  # noqa: E402
from keras import ops  # noqa: E402

Tensor = Any

TENSORFLOW, JAX, TORCH = BACKENDS


def name() -> str:
    """The Keras backend in use."""
    return str(keras.backend.backend())


def uses_gpu() -> bool:
    """Whether the backend computes on something faster than the CPU."""
    if name() == TENSORFLOW:
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if name() == JAX:
        import jax

        return str(jax.default_backend()) != "cpu"
    import torch

    return bool(torch.cuda.is_available())


# Loops ---------------------------------------------------------------------------


def scan(
    step: Callable[[Any, Any], tuple[list[Tensor], list[Tensor]]],
    carry: Sequence[Tensor],
    inputs: Sequence[Tensor | None],
    steps: int,
) -> tuple[list[Tensor], list[Tensor]]:
    """Runs ``step`` over time and stacks its outputs.

    ``keras.ops.scan`` asks on TensorFlow for outputs shaped like the carry, so
    each backend's own loop is used. Loops may be nested.

    Args:
      step: ``(carry, inputs at this step) -> (carry, outputs)``; carry and
        outputs are flat lists of tensors of constant shapes.
      carry: the first carry.
      inputs: tensors with the steps on their first axis; None passes through.
      steps: how many, a Python integer.

    Returns:
      The last carry and the outputs, each ``(steps, ...)``.
    """
    if name() == JAX:
        import jax

        last, outputs = jax.lax.scan(step, list(carry), tuple(inputs), length=steps)
        return last, outputs
    if name() == TENSORFLOW:
        return _tensorflow_scan(step, carry, inputs, steps)
    return _python_scan(step, carry, inputs, steps)


def _python_scan(
    step: Callable[[Any, Any], tuple[list[Tensor], list[Tensor]]],
    carry: Sequence[Tensor],
    inputs: Sequence[Tensor | None],
    steps: int,
) -> tuple[list[Tensor], list[Tensor]]:
    last, rows = list(carry), []
    for t in range(steps):
        last, outputs = step(last, tuple(None if x is None else x[t] for x in inputs))
        rows.append(outputs)
    return last, [ops.stack(column) for column in zip(*rows, strict=True)]


def _tensorflow_scan(
    step: Callable[[Any, Any], tuple[list[Tensor], list[Tensor]]],
    carry: Sequence[Tensor],
    inputs: Sequence[Tensor | None],
    steps: int,
) -> tuple[list[Tensor], list[Tensor]]:
    import tensorflow as tf

    carry = [tf.convert_to_tensor(c) for c in carry]
    inputs = [None if x is None else tf.convert_to_tensor(x) for x in inputs]
    if tf.executing_eagerly():
        return _python_scan(step, carry, inputs, steps)
    # The outputs' shapes are learnt from a trace that the graph drops again.
    specs = (
        tf.function(step, autograph=False)
        .get_concrete_function(
            [tf.TensorSpec(c.shape, c.dtype) for c in carry],
            tuple(
                None if x is None else tf.TensorSpec(x.shape[1:], x.dtype)
                for x in inputs
            ),
        )
        .structured_outputs[1]
    )
    arrays = [
        tf.TensorArray(spec.dtype, size=steps, element_shape=spec.shape)
        for spec in specs
    ]

    def body(t: Any, carry: Any, arrays: Any) -> Any:
        at_t = tuple(None if x is None else x[t] for x in inputs)
        carry, outputs = step(carry, at_t)
        pairs = zip(arrays, outputs, strict=True)
        return t + 1, carry, [array.write(t, output) for array, output in pairs]

    _, last, arrays = tf.while_loop(
        lambda t, *_: t < steps,
        body,
        (tf.constant(0), carry, arrays),
        maximum_iterations=steps,
    )
    stacked = []
    for array, spec in zip(arrays, specs, strict=True):
        output = array.stack()
        output.set_shape([steps, *spec.shape])
        stacked.append(output)
    return last, stacked


@contextlib.contextmanager
def without_gradients() -> Iterator[None]:
    """Inside, PyTorch keeps nothing for a backward pass; elsewhere unused parts go."""
    if name() != TORCH:
        yield
        return
    import torch

    with torch.no_grad():
        yield


# Compiled functions --------------------------------------------------------------


def to_numpy(value: Tensor) -> np.ndarray:
    """A tensor or variable of the backend as a NumPy array (waits for it)."""
    value = value.value if isinstance(value, keras.Variable) else value
    if name() == TORCH:
        # NumPy has no bfloat16.
        value = value.detach().cpu()
        return np.array(value.float() if value.is_floating_point() else value)
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a backend's exception says that memory ran out."""
    if isinstance(error, OutOfMemoryError):
        return False
    kind = type(error).__name__
    return (
        isinstance(error, MemoryError)
        or kind in ("ResourceExhaustedError", "OutOfMemoryError")
        or (isinstance(error, RuntimeError) and _says_out_of_memory(str(error)))
    )


@contextlib.contextmanager
def explaining_memory(advice: str) -> Iterator[None]:
    """Turns a backend's out-of-memory error into one that says what to do.

    Args:
      advice: the whole message.

    Raises:
      OutOfMemoryError: memory ran out inside the block.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(advice) from error


def _says_out_of_memory(text: str) -> bool:
    text = text.lower()
    signs = ("resource_exhausted", "out of memory", "can't allocate memory")
    return any(sign in text for sign in signs)


def _tensors(args: tuple[Any, ...]) -> list[Any]:
    return [None if a is None else ops.convert_to_tensor(a) for a in args]


def inference(
    model: Variables, function: Callable[..., Any], *, xla: bool = False
) -> Callable[..., Any]:
    """Compiles ``function(*tensors)``, which uses ``model`` without training it.

    Args:
      model: owner of the variables.
      function: takes and returns nested tensors.
      xla: compile with XLA on TensorFlow (it pays for loops of small steps; JAX
        always does).
    """
    if name() == TENSORFLOW:
        import tensorflow as tf

        return tf.function(  # type: ignore[no-any-return]  # TensorFlow is untyped
            function, jit_compile=xla, reduce_retracing=True, autograph=False
        )
    if name() == JAX:
        import jax

        def pure(values: Any, *args: Any) -> Any:
            pairs = zip(model.variables, values, strict=True)
            with keras.StatelessScope(state_mapping=list(pairs)):
                return function(*args)

        compiled = jax.jit(pure)
        return lambda *args: compiled([v.value for v in model.variables], *args)
    import torch

    def eager(*args: Any) -> Any:
        with torch.no_grad():
            return function(*_tensors(args))

    return eager


def gradients(
    model: Variables, loss_function: Callable[..., tuple[Tensor, Any]]
) -> Callable[..., tuple[Any, list[Tensor]]]:
    """Compiles the gradients of ``loss_function(*tensors) -> (loss, auxiliary)``.

    Returns:
      A function of the same arguments giving ``((loss, auxiliary), gradients)``
      in the order of ``model.trainable_variables``.
    """
    if name() == TENSORFLOW:
        import tensorflow as tf

        @tf.function(autograph=False)
        def compute(*args: Any) -> Any:
            with tf.GradientTape() as tape:
                result = loss_function(*args)
            return result, tape.gradient(
                result[0], [v.value for v in model.trainable_variables]
            )

        return compute  # type: ignore[no-any-return]  # TensorFlow is untyped
    if name() == JAX:
        import jax

        def pure(trainable: Any, other: Any, *args: Any) -> Any:
            mapping = [
                *zip(model.trainable_variables, trainable, strict=True),
                *zip(model.non_trainable_variables, other, strict=True),
            ]
            with keras.StatelessScope(state_mapping=mapping):
                return loss_function(*args)

        compiled = jax.jit(jax.value_and_grad(pure, has_aux=True))
        return lambda *args: compiled(
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
            *args,
        )

    import torch

    def torch_gradients(*args: Any) -> Any:
        result = loss_function(*_tensors(args))
        parameters = [v.value for v in model.trainable_variables]
        return result, list(torch.autograd.grad(result[0], parameters))

    return torch_gradients


def train_step(
    model: Variables,
    optimizer: Optimizer,
    loss_function: Callable[..., tuple[Tensor, Any]],
) -> Callable[..., Any]:
    """Compiles one step of training.

    Args:
      model: whose trainable variables change.
      optimizer: a built Keras optimiser.
      loss_function: ``(*tensors) -> (loss, auxiliary)``.

    Returns:
      A function of ``loss_function``'s arguments that updates the model and
      returns the auxiliary values and the gradients' ``global_norm``.
    """
    if name() == TENSORFLOW:
        import tensorflow as tf

        @tf.function(autograph=False)
        def update(*args: Any) -> Any:
            with tf.GradientTape() as tape:
                loss, auxiliary = loss_function(*args)
                loss = optimizer.scale_loss(loss)
            variables = model.trainable_variables
            grads = tape.gradient(loss, [v.value for v in variables])
            norm = _norm(grads, optimizer)
            optimizer.apply(grads, variables)
            return {**auxiliary, "global_norm": norm}

        return update  # type: ignore[no-any-return]  # TensorFlow is untyped
    if name() == JAX:
        return _jax_train_step(model, optimizer, loss_function)
    import torch

    def torch_update(*args: Any) -> Any:
        loss, auxiliary = loss_function(*_tensors(args))
        variables = model.trainable_variables
        grads = torch.autograd.grad(
            optimizer.scale_loss(loss), [v.value for v in variables]
        )
        with torch.no_grad():
            norm = _norm(grads, optimizer)
            optimizer.apply(list(grads), variables)
        return _detach({**auxiliary, "global_norm": norm})

    return torch_update


def _norm(gradients: Sequence[Tensor], optimizer: Optimizer) -> Tensor:
    """Norm of all gradients together, before clipping and without loss scaling."""
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    return ops.sqrt(ops.sum(ops.stack(squares))) / optimizer.scale_loss(1.0)


def _detach(values: Any) -> Any:
    return {k: v.detach() if hasattr(v, "detach") else v for k, v in values.items()}


def _jax_train_step(
    model: Variables,
    optimizer: Optimizer,
    loss_function: Callable[..., tuple[Tensor, Any]],
) -> Callable[..., Any]:
    import jax

    def loss_and_state(trainable: Any, other: Any, state: Any, *args: Any) -> Any:
        mapping = [
            *zip(model.trainable_variables, trainable, strict=True),
            *zip(model.non_trainable_variables, other, strict=True),
            *zip(optimizer.variables, state, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            loss, auxiliary = loss_function(*args)
            loss = optimizer.scale_loss(loss)
        other = [scope.get_current_value(v) for v in model.non_trainable_variables]
        return loss, (auxiliary, other)

    def pure(trainable: Any, other: Any, state: Any, *args: Any) -> Any:
        differentiate = jax.value_and_grad(loss_and_state, has_aux=True)
        (_, (auxiliary, other)), grads = differentiate(trainable, other, state, *args)
        pairs = zip(optimizer.variables, state, strict=True)
        with keras.StatelessScope(state_mapping=list(pairs)):
            auxiliary = {**auxiliary, "global_norm": _norm(grads, optimizer)}
        trainable, state = optimizer.stateless_apply(state, grads, trainable)
        return auxiliary, (trainable, other, state)

    compiled = jax.jit(pure, donate_argnums=(0, 1, 2))

    def update(*args: Any) -> Any:
        groups = (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
        )
        auxiliary, new = compiled(*([v.value for v in g] for g in groups), *args)
        for variables, values in zip(groups, new, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return auxiliary

    return update
