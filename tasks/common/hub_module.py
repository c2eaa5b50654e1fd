"""A SavedModel in the form of TensorFlow Hub, opened: what it takes and gives, its variables, how it is called.

In that form a model is called by itself, ``model(inputs)`` or ``model(inputs, training=...)``; one that is not is
called by its signature ``default`` or ``serving_default``. `hub.KerasLayer` cannot be part of a Keras 3 model.

A SavedModel is a program that TensorFlow runs. Operations that touch files or run Python are refused, which is no
sandbox: open what you would also run.

Source: https://www.tensorflow.org/hub/reusable_saved_models
"""

import inspect
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tasks.common import saved_model
from tasks.common.backend import tf
from tasks.common.errors import UserError

SIGNATURES = ("default", "serving_default")
REFUSED = frozenset(
    {"EagerPyFunc", "MatchingFiles", "PyFunc", "PyFuncStateless", "ReadFile", "WriteFile", "WriteImageSummary"}
)
Run: TypeAlias = Callable[[Any, bool], Any]


@dataclass(frozen=True)
class Module:
    """An opened module.

    Attributes:
        run: (inputs, training) -> what the module gives, one tensor or a dictionary of them.
        takes: Specifications of the inputs that it was made for, one for each form of a call; batch first.
        gives: Of each form of a call, what comes out, tensors or dictionaries of them as specifications.
        variables: What its calls read, each once, in an order of their own that is the same in every process.
        trainable: Names, as in `named`, of those that its makers meant to be trained further.
        loaded: What `hub.load` returned.
    """

    run: Run
    takes: tuple[Any, ...]
    gives: tuple[Any, ...]
    variables: tuple[Any, ...]
    trainable: frozenset[str]
    loaded: Any

    @property
    def named(self) -> dict[str, Any]:
        """The variables by names that differ and that Keras allows."""
        return _named(self.variables)

    def describe(self) -> str:
        """What it takes and gives, for a person."""
        takes = " or ".join(dict.fromkeys(spec_text(spec) for spec in self.takes))
        gives = " or ".join(dict.fromkeys(_output_text(output) for output in self.gives))
        numbers = sum(int(np.prod(variable.shape)) for variable in self.variables)
        return f"takes {takes}; gives {gives}; {len(self.variables)} variables, {numbers:,} numbers"


def opened(arrays: Mapping[str, np.ndarray[Any, Any]], *, values: bool = True) -> Module:
    """The module that the files of a SavedModel hold, in the form of `saved_model.packed`.

    Args:
        values: Whether its variables get their values, from `variables/`; else they are zero.

    Raises:
        UserError: If TensorFlow cannot read it, it is refused, or it cannot be called with one tensor.
    """
    with warnings.catch_warnings():  # it imports pkg_resources, which warns
        warnings.simplefilter("ignore")
        import tensorflow_hub as hub  # type: ignore[import-untyped]

    _refuse(arrays)
    options = None if values else tf.saved_model.LoadOptions(experimental_skip_checkpoint=True)
    with tempfile.TemporaryDirectory(prefix="headwater-hub-") as room:
        saved_model.unpacked(arrays, Path(room))
        try:
            loaded = hub.load(room, options=options)
        except Exception as error:  # what a damaged file makes TensorFlow raise is no closed list
            raise UserError(f"cannot be loaded by TensorFlow: {_reason(error)}") from None
    run, functions = _call(loaded)
    takes = tuple(_input(function) for function in functions)
    variables = tuple({id(v): v for function in functions for v in function.variables}.values())
    odd = [variable.name for variable in variables if variable.dtype == tf.string]
    if odd:
        raise UserError(f"has variables that are no numbers, such as {odd[0]}; they cannot be weights.")
    if not values:
        for variable in variables:
            variable.assign(tf.zeros(variable.shape, variable.dtype))
    meant = getattr(loaded, "trainable_variables", None)
    chosen = {id(v) for v in (variables if meant is None else meant) if v.trainable}
    trainable = frozenset(name for name, variable in _named(variables).items() if id(variable) in chosen)
    gives = tuple(only(function.structured_outputs) for function in functions)
    return Module(run, takes, gives, variables, trainable, loaded)


def _refuse(arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Nothing, if the graph can be read and has none of the operations refused."""
    from tensorflow.core.protobuf import saved_model_pb2

    if saved_model.GRAPH not in arrays:
        raise UserError("holds no SavedModel; expected a data set of kind hub or own-hub.")
    try:
        content = saved_model_pb2.SavedModel.FromString(arrays[saved_model.GRAPH].tobytes())
    except Exception:  # protobuf's own, whose module has no types
        content = None
    if content is None or not content.meta_graphs:
        raise UserError(f"{saved_model.GRAPH} is damaged, or no SavedModel's.")
    for graph in content.meta_graphs:
        nodes = [*graph.graph_def.node, *(n for f in graph.graph_def.library.function for n in f.node_def)]
        found = sorted({node.op for node in nodes} & REFUSED)
        if found:
            raise UserError(
                f"its graph has the operation {', '.join(found)}, which touches files or runs Python; no network for "
                "features needs that, so it is refused. Ask who made it."
            )


def _reason(error: Exception) -> str:
    """An error of TensorFlow in a line."""
    text = " ".join(str(error).split())
    if "Op type not registered" in text:
        name = text.split("Op type not registered ")[1].split(" ")[0]
        return f"it needs the operation {name}, which TensorFlow alone does not have (of TensorFlow Text, perhaps)."
    return text[:300] or type(error).__name__


def _call(loaded: Any) -> tuple[Run, list[Any]]:
    """How the module is called, and the traced functions that such calls run."""
    own = vars(loaded).get("__call__")  # a traced function, where the module has one
    functions = getattr(own, "concrete_functions", None)
    if functions:
        if "training" in inspect.signature(own).parameters:
            return (lambda inputs, training: loaded(inputs, training=training)), functions
        return (lambda inputs, training: loaded(inputs)), functions
    signatures = getattr(loaded, "signatures", {})
    for name in SIGNATURES:
        if name in signatures:
            return _by_name(name, signatures[name]), [signatures[name]]
    known = ", ".join(signatures) or "none"
    raise UserError(
        f"cannot be called: it has neither a call of its own nor a signature {' or '.join(SIGNATURES)}; its "
        f"signatures: {known}."
    )


def _by_name(name: str, signature: Any) -> Run:
    """A signature takes its input by name and gives a dictionary; an only entry, or ``default``, stands for it."""
    keys = list(signature.structured_input_signature[1])
    if len(keys) != 1:
        raise UserError(f"signature '{name}' takes {', '.join(keys) or 'nothing'}; expected one tensor.")

    def run(inputs: Any, training: bool) -> Any:
        found = signature(**{keys[0]: inputs})
        return only(found)

    return run


def only(output: Any) -> Any:
    """The one entry of a dictionary, or its ``default``; anything else as it is."""
    if not isinstance(output, Mapping):
        return output
    return next(iter(output.values())) if len(output) == 1 else output.get("default", output)


def _input(function: Any) -> Any:
    """The specification of a traced function's one input."""
    positional, named = function.structured_input_signature
    specs = [spec for spec in tf.nest.flatten((positional, named)) if isinstance(spec, tf.TensorSpec)]
    if len(specs) != 1:
        raise UserError(f"takes {len(specs)} tensors at once; expected one, samples (batch, ...).")
    return specs[0]


def _named(variables: tuple[Any, ...]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for variable in variables:
        base = variable.name.split(":")[0].replace("/", "-")
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}-{number}"
        names[name] = variable
    return names


def spec_text(spec: Any) -> str:
    """``(n, 160, 160, 3) float32``, with ``any`` where a size is free."""
    if spec.shape.rank is None:
        return f"any shape of {spec.dtype.name}"
    sizes = ["n" if place == 0 and size is None else str(size or "any") for place, size in enumerate(spec.shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''}) {spec.dtype.name}"


def _output_text(output: Any) -> str:
    if isinstance(output, Mapping):
        return " and ".join(f"'{name}' {_output_text(part)}" for name, part in sorted(output.items()))
    return ", ".join(spec_text(spec) for spec in _specs(output))


def _specs(output: Any) -> Iterator[Any]:
    yield from (spec for spec in tf.nest.flatten(output) if isinstance(spec, tf.TensorSpec))
