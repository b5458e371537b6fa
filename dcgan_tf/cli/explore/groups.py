"""Groups of examples that stand for a concept: points, or the clearest generated images of a class."""

from dcgan_tf.cli.explore import given
from dcgan_tf.cli.explore.opened import Explored
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.concepts import CANDIDATES, examples

PREFIX = "class:"
MOST = 16
FORMS = f"{given.FORMS}; or class:NAME, the generated images that a classifier is most certain about"


def group(explored: Explored, setting: str, text: str, count: int) -> given.Named:
    """The examples of one concept.

    Args:
        explored: the run.
        setting: the flag.
        text: see FORMS.
        count: examples of a class that is named.

    Raises:
        ArgumentError: what `given.points` refuses, no such class, or no labels to learn it from.
    """
    if not text.startswith(PREFIX):
        found = given.points(explored, setting, text)
        if len(found.names) > MOST:
            raise ArgumentError(setting, text, f"these are {len(found.names)} examples; at most {MOST} fit the picture")
        return found
    label = explored.of_data_class(setting, text.removeprefix(PREFIX))
    classifier = explored.classifier
    found = examples(explored.renderer, lambda images: classifier(images).probabilities, label, count)
    if found.certainties[-1] < 0.5:
        raise ArgumentError(
            setting, text, f"of {CANDIDATES:,} generated images the classifier takes only "
            f"{int((found.certainties > 0.5).sum())} for this class; {count} are needed: train longer, or name seeds",
        )  # fmt: skip
    names = [
        f"seed {seed} ({100 * certain:.0f} %)" for seed, certain in zip(found.seeds, found.certainties, strict=True)
    ]
    return given.Named(found.points, names)


def check_count(setting: str, count: int) -> None:
    """Raises ArgumentError unless so many examples can stand for a class."""
    if not 1 <= count <= MOST:
        raise ArgumentError(setting, count, f"it must be from 1 to {MOST}")
