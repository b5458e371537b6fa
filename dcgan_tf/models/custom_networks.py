"""Networks of the user's own: checked, renamed so that their variables have stable names, and kept with the run.

A network is stored as Keras's own JSON in the run directory, so a run with networks of the user's own is continued,
sampled and exported like any other. What they must satisfy is what the guarantees of a run rest on:

* both are Sequential or functional, and every layer is used once: batch norm is re-estimated layer by layer;
* generator: z float32 [n, latent_dim] to images float32 [n, height, width, channels] in [-1, 1];
  discriminator: such images to logits [n, 1]; conditional ones take [z, label] and [images, label], label int32 [n];
* layers of the user's own are registered (`keras.saving.register_keras_serializable`), so that Keras can rebuild them;
* on several devices: batch norm with `synchronized=True`, and no layer that draws random numbers (dropout, noise),
  because each device would draw its own.
"""

import json
from dataclasses import dataclass, replace

import keras
import numpy as np

from dcgan_tf import files, seeds
from dcgan_tf.config import CUSTOM_NETWORKS, ModelConfig
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.losses import CUSTOM, LOSSES, Loss
from dcgan_tf.models.portable import portable
from dcgan_tf.runs import RunDirectory

ROLES = ("generator", "discriminator")


@dataclass(frozen=True)
class Custom:
    """What the user brings in place of the built-in networks and losses; None stands for the built-in one.

    Attributes:
        generator, discriminator: Keras models; their weights are those of step 0.
        loss: what both minimize.
    """

    generator: keras.Model | None = None
    discriminator: keras.Model | None = None
    loss: Loss | None = None

    def network(self, role: str) -> keras.Model | None:
        """A copy of a network with stable layer names; call it inside the strategy's scope."""
        model = getattr(self, role)
        if model is None:
            return None
        copied = _from_json(_to_json(model, role))
        copied.set_weights(model.get_weights())
        return copied

    def with_stored(self, directory: RunDirectory, config: ModelConfig) -> "Custom":
        """The same with the networks that a run was started with, where they are not passed again."""
        kept = {role: stored(directory, config, role) for role in ROLES if getattr(self, role) is None}
        return replace(self, **kept)

    def loss_of(self, name: str) -> Loss:
        """The loss that a configuration names.

        Raises:
            ArgumentError: it is one of the user's own, and was not passed.
        """
        if name in LOSSES:
            return LOSSES[name]
        if self.loss is None:
            raise ArgumentError(
                "loss", name, "this run minimizes a loss of its own; in Python, pass that `dcgan_tf.Loss` again"
            )
        return self.loss

    def settings(self) -> dict[str, object]:
        """The settings that follow from the networks and the loss.

        Raises:
            ArgumentError: a network or the loss is not as it must be.
        """
        found: dict[str, object] = {}
        if self.loss is not None:
            if not isinstance(self.loss, Loss):
                names = ", ".join(LOSSES)
                raise ArgumentError("loss", type(self.loss).__name__, f"give one of {names}, or a `dcgan_tf.Loss`")
            self.loss.check()
            found["loss"] = CUSTOM
        given = [role for role in ROLES if getattr(self, role) is not None]
        if not given:
            return found
        shapes = {role: _checked(getattr(self, role), role) for role in given}
        sizes = {shape[1:] for shape in shapes.values()}
        if len(sizes) > 1:
            raise ArgumentError("discriminator", sorted(sizes), "both networks must have images of one size")
        (height, width, channels), conditional = sizes.pop(), len(getattr(self, given[0]).inputs) == 2
        if any((len(getattr(self, role).inputs) == 2) != conditional for role in given):
            raise ArgumentError("discriminator", "", "either both networks take a label as second input, or none does")
        found |= {"custom_networks": CUSTOM_NETWORKS[tuple(given)], "conditional": conditional}
        found |= {"image_size": (height, width), "channels": channels}
        if "generator" in given:
            found["latent_dim"] = shapes["generator"][0]
        return found

    def check_classes(self, classes: int) -> None:
        """Raises ArgumentError if a conditional network does not take the labels 0 to classes - 1."""
        for role in ROLES if classes else ():
            model = getattr(self, role)
            if model is None:
                continue
            values = np.zeros((2, *model.inputs[0].shape[1:]), np.float32)
            try:
                outputs = keras.ops.convert_to_numpy(model([values, np.array([0, classes - 1], np.int32)]))
            except Exception as error:  # whatever a layer throws at a label that it does not know
                raise ArgumentError(role, model.name, f"it must take the labels 0 to {classes - 1}") from error
            if not np.isfinite(outputs).all():
                raise ArgumentError(role, model.name, f"its outputs for the labels 0 to {classes - 1} are not finite")

    def check_replicas(self, count: int) -> None:
        """Raises ArgumentError where a network cannot be trained on several devices."""
        for role in ROLES:
            model = getattr(self, role)
            for layer in model.layers if model is not None and count > 1 else ():
                if isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized:
                    remedy = "batch norm must see the global batch on several devices: build it with synchronized=True"
                    raise ArgumentError(role, layer.name, remedy)
                if len(layer.variables) > len(layer.weights):
                    remedy = "it draws random numbers, and each device would draw its own: train with `devices=1`"
                    raise ArgumentError(role, layer.name, remedy)

    def check_penalty(self, r1: float) -> None:
        """Raises ArgumentError where batch norm would couple the images whose gradients R1 penalizes."""
        layers = self.discriminator.layers if self.discriminator is not None and r1 else ()
        if coupling := [layer.name for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]:
            remedy = f"batch norm couples the images of a batch; pass a discriminator without it (it has {coupling[0]})"
            raise ArgumentError("r1", r1, remedy)

    def write(self, directory: RunDirectory) -> None:
        """Keeps the networks with the run.

        Raises:
            UserError: the run was started with others.
        """
        for role in ROLES:
            model, path = getattr(self, role), directory.network_file(role)
            if model is None:
                continue
            text = _to_json(model, role)
            if directory.exists() and path.exists():
                if portable(json.loads(path.read_text())) != json.loads(text):
                    raise UserError(f"{role}: {directory.path} was started with another network; start a new run")
                continue
            path.parent.mkdir(exist_ok=True)
            with files.written_aside(path) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")


def stored(directory: RunDirectory, config: ModelConfig, role: str) -> keras.Model | None:
    """The network of the user's own that a run was started with, with fresh weights; None where it is the built-in one.

    Raises:
        UserError: it is not there, or Keras cannot rebuild it (a layer that is not registered in this process).
    """
    if role not in config.custom_networks:
        return None
    path = directory.network_file(role)
    try:
        return _from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise UserError(f"{path}: Keras cannot rebuild this network ({line}); define its layers first") from error


def _checked(model: keras.Model, role: str) -> tuple[int, ...]:
    """(latent_dim or 0, height, width, channels) of a network that is as it must be."""
    built = isinstance(model, keras.Model) and isinstance(getattr(model, "inputs", None), list)
    plain = isinstance(model, keras.Sequential) or (built and isinstance(model.output, keras.KerasTensor))  # no dict
    if not built or not plain:
        raise ArgumentError(role, type(model).__name__, "it must be a Sequential or functional Keras model, built")
    _check_layers(model, role)
    inputs, output = [tuple(each.shape) for each in model.inputs], tuple(model.outputs[0].shape)
    images = output if role == "generator" else inputs[0]
    if len(images) != 4 or None in images[1:] or images[3] not in (1, 3, 4):
        raise ArgumentError(role, images, "images must be [n, height, width, channels] with 1, 3 or 4 channels")
    if len(inputs) > 2 or (len(inputs) == 2 and inputs[1] != (None,)):
        remedy = "a second input must be the label, int32 [n]: keras.Input((), dtype='int32')"
        raise ArgumentError(role, inputs[1:], remedy)
    if role == "generator":
        if len(inputs[0]) != 2 or inputs[0][1] is None:
            raise ArgumentError(role, inputs[0], "its first input must be the latent vector z, [n, latent_dim]")
        _check_range(model, inputs)
        return (inputs[0][1], *images[1:])
    if output != (None, 1):
        raise ArgumentError(role, output, "its output must be one logit for each image, [n, 1]")
    return (0, *images[1:])


def _check_layers(model: keras.Model, role: str) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            raise ArgumentError(role, layer.name, "a model inside a model hides its layers; build one flat model")
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        try:
            rank = len(layer.output.shape)
        except (AttributeError, ValueError):
            raise ArgumentError(role, layer.name, "every layer must be used exactly once") from None
        if normalizes and layer.axis not in (-1, rank - 1):
            raise ArgumentError(role, layer.name, "batch norm must be over the last axis")
        if layer.non_trainable_weights and not (normalizes and layer.trainable):
            raise ArgumentError(role, layer.name, "every weight must be trainable; statistics of batch norm may stay")
    try:
        _from_json(_to_json(model, role))
    except (ValueError, TypeError, NotImplementedError) as error:
        line = (str(error).strip().splitlines() or [""])[0][:160]
        remedy = f"Keras cannot rebuild it ({line}); decorate your layers with keras.saving.register_keras_serializable"
        raise ArgumentError(role, model.name, remedy) from error


def _check_range(model: keras.Model, inputs: list[tuple]) -> None:
    z = np.random.default_rng(0).normal(size=(8, inputs[0][1])).astype(np.float32)
    z[4:] *= 1e4  # so that an output without tanh, sigmoid or clipping is noticed
    values = [z, np.zeros(8, np.int32)][: len(inputs)]
    images = keras.ops.convert_to_numpy(model(values if len(values) > 1 else values[0], training=False))
    if images.dtype != np.float32 or not np.isfinite(images).all() or np.abs(images).max() > 1.0:
        found = f"{images.dtype} from {images.min():g} to {images.max():g}"
        raise ArgumentError("generator", found, "its images must be finite float32 in [-1, 1], as after tanh")


def _to_json(model: keras.Model, role: str) -> str:
    """Keras's own description, its layers renamed by their place: names that Keras counts up differ in each process."""
    described = json.loads(model.to_json())
    config = described["config"]
    names = {
        layer["config"]["name"]: f"{place:02}_{layer['class_name'].lower()}"
        for place, layer in enumerate(config["layers"])
    }
    _rename(config, names)
    config["name"] = role
    for layer in config["layers"]:  # a layer without a seed would draw another one in every process
        if layer["config"].get("seed", 0) is None:
            layer["config"]["seed"] = seeds.stream_key(0, f"{role}/{layer['config']['name']}")
    return json.dumps(portable(described), indent=1)


def _rename(value: object, names: dict[str, str]) -> None:
    """Renames layers where a functional or Sequential description names them, in place."""
    if isinstance(value, list):
        if value and isinstance(value[0], str) and value[0] in names and len(value) == 3:
            value[0] = names[value[0]]  # [layer, node, output], as in "keras_history" and "output_layers"
        for item in value:
            _rename(item, names)
    elif isinstance(value, dict):
        if isinstance(value.get("name"), str):
            value["name"] = names.get(value["name"], value["name"])
        for item in value.values():
            _rename(item, names)


def _from_json(text: str) -> keras.Model:
    model = keras.models.model_from_json(text)
    if not isinstance(model, keras.Sequential):
        return model
    # Keras rebuilds a Sequential model layer by layer and calls each layer several times on the way; once is wanted.
    (symbol,) = model.inputs
    layers = [type(layer).from_config(layer.get_config()) for layer in model.layers]
    return keras.Sequential([keras.Input(symbol.shape[1:], dtype=symbol.dtype), *layers], name=model.name)
