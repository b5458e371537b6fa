"""What a generator and a discriminator have learned (paper, section 6): one module for each view.

    from dcgan_tf import explore

    walk = explore.walk(generator, seeds=[3, 14, 15])
    walk.images, walk.verdict        # arrays and a sentence
    walk.figure()                    # a notebook shows it; .save("walk.png") writes it

A view takes a `models.Generator` (or a discriminator, see `prepared_discriminator`) and returns a result with arrays
and a `figure()`. Wherever it takes `seeds` it takes whole numbers, (seed, label) pairs, or `Points`, for instance
`project(...).points`.

All views work with built-in networks; `walk`, `arithmetic`, `turn`, `neighbors` and `project` also with a generator of
your own that has no classes. Any other raises a UserError.

Views and their modules have the same names. On this package the names are the functions: `explore.walk` is the
function, and `from dcgan_tf.explore.walk import Walk` still imports from the module.
"""

from dcgan_tf.explore.arithmetic import arithmetic
from dcgan_tf.explore.feature_dropout import feature_dropout
from dcgan_tf.explore.filters import filters, filters_figure
from dcgan_tf.explore.guided_backprop import guided_backprop
from dcgan_tf.explore.neighbors import neighbors
from dcgan_tf.explore.parts.boxes import Box, read_boxes, write_boxes
from dcgan_tf.explore.parts.discriminator import discriminator_of_run, prepared_discriminator
from dcgan_tf.explore.parts.examples import examples
from dcgan_tf.explore.parts.picture_files import read_pictures
from dcgan_tf.explore.parts.points import Points, load_points, save_points
from dcgan_tf.explore.parts.renderer import Renderer, renderer_of
from dcgan_tf.explore.parts.responses import boxes_around, class_responses, discriminator_responses, generator_responses
from dcgan_tf.explore.project import project
from dcgan_tf.explore.turn import turn
from dcgan_tf.explore.walk import walk
from dcgan_tf.models.generator import class_number

__all__ = [
    "Box",
    "Points",
    "Renderer",
    "arithmetic",
    "boxes_around",
    "class_number",
    "class_responses",
    "discriminator_of_run",
    "discriminator_responses",
    "examples",
    "feature_dropout",
    "filters",
    "filters_figure",
    "generator_responses",
    "guided_backprop",
    "load_points",
    "neighbors",
    "prepared_discriminator",
    "project",
    "read_boxes",
    "read_pictures",
    "renderer_of",
    "save_points",
    "turn",
    "walk",
    "write_boxes",
]
