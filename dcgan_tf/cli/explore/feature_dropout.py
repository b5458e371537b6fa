"""Makes a generator forget to draw something: drops the maps of a layer that draw it (paper, section 6.3.1).

  python explore.py feature_dropout --run=runs/00000-mnist_28 --boxes=class:7
  python explore.py feature_dropout --run=runs/00000-mnist_28 --boxes=class:7 --save_boxes=boxes.json
  python explore.py feature_dropout --run=runs/00000-mnist_28 --boxes=boxes.json --layer=up1

The paper drew boxes around windows in 150 bedrooms; a logistic regression on a layer's activations learned to tell
positions inside the boxes from others, and all maps with a positive weight were set to zero: bedrooms without windows.
The boxes come from a file, {"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, ...]}, or from
where a class, a feature of the discriminator or a map of the generator responds. Beside the samples without these maps
stand those without as many at random, because images change whatever is dropped.
"""

from pathlib import Path

import numpy as np

from dcgan_tf import files
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import asked_boxes, given
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.boxes import Box, write
from dcgan_tf.explore.feature_dropout import Comparison, FeatureDropout, as_many_at_random, compare, selection
from dcgan_tf.models import pixels

NAME = "feature_dropout"
SHOWN, MOST_SAMPLES, CONTROLS = 12, 100_000, 10

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.text("boxes", None, asked_boxes.FORMS)
FLAGS.text("layer", None, "layer of the generator; default: the second from z, the first in networks of 28 pixels")
FLAGS.whole("maps", None, "drop only so many maps, those with the largest weights; default: all with a positive weight")
FLAGS.text("seeds", "1000-1011", f"new samples to draw with and without: {given.FORMS}")
FLAGS.whole("samples", 150, "generated images to look for boxes in, automatically (the paper: 150)")
FLAGS.whole("box_count", 52, "boxes to make, automatically (the paper: 52)")
FLAGS.number("share", 0.5, "of an image's largest response that still belongs to its box")
FLAGS.text("save_boxes", None, "also write the boxes as a JSON file, to be edited and given back")
FLAGS.whole("seed", 0, "seed of the positions outside of boxes, and of the control's maps")
data_flags(FLAGS)


def main() -> None:
    """Finds boxes, learns which maps respond in them, draws without these."""
    explored = Explored(FLAGS)
    _check_numbers()
    saved = _saved(explored)
    dropout = FeatureDropout(explored.renderer, FLAGS.layer)
    samples = given.points(explored, "seeds", FLAGS.seeds)
    drawn = asked_boxes.found(explored, FLAGS.boxes, FLAGS.samples, FLAGS.box_count, FLAGS.share)
    found = selection(dropout, drawn, FLAGS.seed)
    chosen = found.selected if FLAGS.maps is None else found.strongest(FLAGS.maps)
    places = found.inside(dropout.activations(samples.points))
    without = compare(dropout, chosen, samples.points, places)
    draws = [as_many_at_random(chosen, seed) for seed in range(FLAGS.seed, FLAGS.seed + CONTROLS)]
    controls = [compare(dropout, maps, samples.points, places) for maps in draws]
    words = (
        f"{dropout.layer}: {found.selected.sum()} of {len(chosen)} maps respond inside of {len(drawn)} boxes, "
        f"{chosen.sum()} are dropped (positions of unseen images are told apart with {100 * found.accuracy:.0f} %; "
        f"guessing gives 50 %)\n{_changes(without, controls)}"
    )
    console.logger().info("%s", words)
    if saved:
        explored.write(lambda path: write(path, drawn), saved, "save_boxes")
    rows = {
        "all maps": without.before,
        f"without {chosen.sum()}": without.after,
        "as many\nat random": controls[0].after,
    }
    explored.write(lambda path: _draw(path, explored, drawn, rows, samples.names, words))


def _check_numbers() -> None:
    if not FLAGS.boxes:
        raise ArgumentError("boxes", "", f"say what is to be forgotten: {asked_boxes.FORMS}")
    for name in ("samples", "box_count"):
        if not 2 <= getattr(FLAGS, name) <= MOST_SAMPLES:
            raise ArgumentError(name, getattr(FLAGS, name), f"it must be from 2 to {MOST_SAMPLES:,}")
    if FLAGS.maps is not None and FLAGS.maps < 1:
        raise ArgumentError("maps", FLAGS.maps, "it must be at least 1; leave it out for all with a positive weight")


def _saved(explored: Explored) -> Path | None:
    """Where the boxes go."""
    if FLAGS.save_boxes is None:
        return None
    path = files.expanded(FLAGS.save_boxes)
    if path.suffix.lower() != ".json":
        raise ArgumentError("save_boxes", FLAGS.save_boxes, "the boxes are a .json")
    explored.check_new(path, "save_boxes")
    return path


def _changes(without: Comparison, controls: list[Comparison]) -> str:
    """How far images change, in words."""

    def percent(changes: list[float]) -> str:
        return "-" if np.isnan(changes).any() else f"{50 * np.mean(changes):.1f} %"

    inside, elsewhere = percent([without.inside]), percent([without.elsewhere])
    random_inside = percent([each.inside for each in controls])
    random_elsewhere = percent([each.elsewhere for each in controls])
    return (
        f"without them images change by {inside} of the range where these maps respond, by {elsewhere} elsewhere; "
        f"without as many at random by {random_inside} and {random_elsewhere} (mean of {len(controls)} draws)"
    )


def _draw(
    path: Path, explored: Explored, drawn: tuple[Box, ...], made: dict[str, np.ndarray], names: list[str], words: str
) -> None:
    first = drawn[:SHOWN]
    labels = [box.label for box in first]
    shown = explored.renderer.pixels(explored.renderer.of_seeds([box.seed for box in first], labels))
    boxed = np.stack([_outside_dimmed(image, box) for image, box in zip(shown, first, strict=True)])
    columns = [name.replace(" as ", "\nas ") for name in names[:SHOWN]]
    rows = [pixels.to_pixels(each[:SHOWN]).numpy() for each in made.values()]
    of_boxes = f"{len(first)} of {len(drawn)} boxes ({FLAGS.boxes})"
    of_samples = f"{len(columns)} of {len(names)} new samples" if len(names) > SHOWN else "new samples"
    blocks = [
        figure.Panel([boxed], of_boxes, ["inside the\nboxes"], [f"seed {box.seed}" for box in first]),
        figure.Panel(rows, of_samples, list(made), columns),
    ]
    figure.write(path, "Forgetting to draw", blocks, f"{words}\n{explored.origin}")


def _outside_dimmed(image: np.ndarray, box: Box) -> np.ndarray:
    """uint8 [h, w, c] with all that is outside of a box mostly grey."""
    found = (image // 3 + 85).astype(np.uint8)
    found[box.top : box.bottom, box.left : box.right] = image[box.top : box.bottom, box.left : box.right]
    if image.shape[-1] == 4:
        found[..., 3] = 255
    return found


COMMAND = Command(NAME, "drops the maps that draw something, and draws without them", FLAGS, main)
