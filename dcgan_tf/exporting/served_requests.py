"""What a request to a served generator may hold.

A server runs nothing but the graph, so every check is part of it. A failed one becomes an InvalidArgument with a
sentence, which TF Serving passes to the client. Shapes are checked first: a server lets any shape in.
"""

import tensorflow as tf

from dcgan_tf import seeds

LARGEST_LATENT = 100  # no float32 draw of the normal law is beyond 7; far beyond 100 the sums in a network overflow
OWN_CLASS = -1  # this label stands for the seed's own class, the one that an image has by default

_FORMS = {
    "seed": "give a list of seeds, as [17]",
    "start": "give a list of seeds, as [17]",
    "end": "give a list of seeds, as [17]",
    "fraction": "give a list of numbers, as [0.5]",
    "label": "give a list of classes, as [3]",
}

Rows = dict[str, tf.Tensor]
"""Inputs of a signature by name, each with one row for each image."""


def rows(request: Rows, latent_dim: int, largest: int) -> Rows:
    """The request with checked shapes: float32 [n, latent_dim] for z, [n] for the others, n from 1 to `largest`."""
    (first, *others), checks = request, []
    sides = {name: _sides(value) for name, value in request.items()}
    for name, value in request.items():
        form = f"give rows of {latent_dim} numbers, as [[0.1, ...]]" if name == "z" else _FORMS[name]
        checks.append((tf.equal(tf.size(sides[name]), value.shape.rank), f"{name}: {form}"))
        if name == "z":
            length = _side(sides[name], 1)
            checks.append((tf.equal(length, latent_dim), _joined(f"{name}: {form}; these have ", length)))
    count = _side(sides[first], 0)
    within = tf.logical_and(count >= 1, count <= largest)
    checks.append((within, _joined(f"{first}: a request holds from 1 to {largest} images, this one ", count)))
    checks += [(tf.equal(_side(sides[name], 0), count), f"{name}: give one for each {first}") for name in others]
    return _checked(request, checks)


def _sides(value: tf.Tensor) -> tf.Tensor:
    """The shape of a tensor as it comes, whose rank may be another one than declared: int32 [rank].

    A server does not compare the two, and the graph is simplified as if they were the same. Nothing is known of a
    tensor that is parsed.
    """
    return tf.shape(tf.io.parse_tensor(tf.io.serialize_tensor(value), value.dtype))


def _side(sides: tf.Tensor, place: int) -> tf.Tensor:
    """One of them; 0 where the rank is too low."""
    return tf.reduce_sum(sides[place : place + 1])


def _joined(text: str, number: tf.Tensor) -> tf.Tensor:
    return tf.strings.join([text, tf.strings.as_string(number)])


def values(request: Rows, classes: int, each_alone: bool) -> tuple[Rows, tf.Tensor]:
    """The request with checked values, and which rows are good: bool [n].

    Args:
        request: with checked shapes.
        classes: of the generator.
        each_alone: a bad row is replaced and fails nothing while another one is good. On a server that merges requests
            the other rows are other people's. Otherwise one bad row fails all.
    """
    checks = [_within(name, value, 0 if "z" in request else OWN_CLASS, classes) for name, value in request.items()]
    good = tf.reduce_all(tf.stack([holds for holds, _ in checks]), axis=0)
    enough = tf.reduce_any(good) if each_alone else tf.reduce_all(good)
    request = _checked(request, [(tf.logical_or(enough, tf.reduce_all(holds)), text) for holds, text in checks])
    if each_alone:
        request = {name: tf.where(good, value, tf.zeros_like(value)) for name, value in request.items()}
    return request, good


def _within(name: str, value: tf.Tensor, lowest_label: int, classes: int) -> tuple[tf.Tensor, str]:
    """Which rows of an input are good, bool [n], and what they must be like."""
    if name == "z":  # false for what is not a number, too
        holds = tf.reduce_all(tf.abs(value) <= LARGEST_LATENT, axis=1)
        return holds, f"z: every number must be from -{LARGEST_LATENT} to {LARGEST_LATENT}"
    lowest, highest, sentence = {
        "fraction": (0.0, 1.0, "it is from 0 (the start) to 1 (the end)"),
        "label": (lowest_label, classes - 1, f"a class is from {lowest_label} to {classes - 1}"),
    }.get(name, (0, seeds.LARGEST, "a seed is from 0 to 2^62"))
    return tf.logical_and(value >= lowest, value <= highest), f"{name}: {sentence}"


def _checked(request: Rows, checks: list[tuple[tf.Tensor, str | tf.Tensor]]) -> Rows:
    """The request, once all conditions hold; otherwise InvalidArgument with the sentence of the first that does not."""
    before: list[tf.Operation] = []
    for holds, sentence in checks:
        with tf.control_dependencies(before):
            # tf.debugging.Assert would put each into a conditional of its own, which costs more than the check.
            before = [tf.raw_ops.Assert(condition=holds, data=[tf.convert_to_tensor(sentence)])]
    with tf.control_dependencies(before):
        return {name: tf.identity(value) for name, value in request.items()}
