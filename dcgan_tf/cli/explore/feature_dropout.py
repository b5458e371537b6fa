"""Makes a generator forget to draw something: drops the maps of a layer that draw it (paper, section 6.3.1).

  dcgan explore feature_dropout --run=runs/00000-mnist_28 --boxes=class:7
  dcgan explore feature_dropout --run=runs/00000-mnist_28 --boxes=class:7 --save_boxes=boxes.json
  dcgan explore feature_dropout --run=runs/00000-mnist_28 --boxes=boxes.json --layer=up1

The paper drew boxes around windows in 150 bedrooms. A logistic regression on a layer's activations learned to tell
positions inside the boxes from others, and all maps with a positive weight were set to zero: bedrooms without windows.
The boxes come from a file, {"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, ...]}, or from
where a class, a map of the discriminator or a map of the generator responds. Images change whatever is dropped, so the
picture also shows the samples without as many maps at random.
"""

from dcgan_tf.cli import out_flag
from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

MOST_SAMPLES = 100_000

FLAGS = view_flags(__doc__, "feature_dropout")
FLAGS.text("boxes", None, texts.BOXES)
FLAGS.text("layer", None, "layer of the generator; default: the second from z, the first in networks of 28 pixels")
FLAGS.whole("drop", None, "drop only so many maps, those with the largest weights; default: all with a positive weight")
FLAGS.text("seeds", "1000-1011", f"new samples to draw with and without: {texts.POINTS}")
FLAGS.whole("samples", 150, "generated images to look for boxes in, automatically (the paper: 150)")
FLAGS.whole("box_count", 52, "boxes to make, automatically (the paper: 52)")
FLAGS.number("share", 0.5, "of an image's largest response that still belongs to its box")
FLAGS.text(
    "save_boxes", None, f"also write the boxes, to be edited as --boxes: {out_flag.rule(('.json',), 'boxes.json')}"
)
FLAGS.whole("seed", 0, "seed of the positions outside of boxes, and of the random maps")
FLAGS.old_name("maps", "drop")


def main() -> None:
    """Finds boxes, learns which maps respond in them, draws without these."""
    run = ExploredRun(FLAGS, "feature_dropout.png")
    if not FLAGS.boxes:
        raise ArgumentError("boxes", "", f"say what is to be forgotten: {texts.BOXES}")
    for name in ("samples", "box_count"):
        check_range(FLAGS, name, 2, MOST_SAMPLES)
    saved = FLAGS.save_boxes and run.new_file("save_boxes", "boxes.json")
    samples = texts.points(run, "seeds", FLAGS.seeds)
    boxes = texts.boxes(run, FLAGS.boxes, FLAGS.samples, FLAGS.box_count, FLAGS.share)
    found = library().feature_dropout(run.generator, boxes, samples, FLAGS.layer, FLAGS.drop, FLAGS.seed)
    run.say(found.summary)
    if saved:
        run.write(lambda path: library().write_boxes(path, boxes), saved, "save_boxes")
    run.write(found.figure(run.origin, FLAGS.boxes).save)
