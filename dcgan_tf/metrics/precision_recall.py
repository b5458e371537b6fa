"""Fidelity and variety measured separately: precision and recall, density and coverage."""

from typing import NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distances import distance_blocks, squared_radii

PRECISION_NEIGHBORS, DENSITY_NEIGHBORS = 3, 5


class Neighborhoods(NamedTuple):
    """Where two sets of vectors lie, told by balls that reach from each vector to the k-th nearest of its own set.

    Attributes:
        precision: share of generated vectors inside at least one ball of a real one, from 0 to 1.
        recall: share of real vectors inside at least one ball of a generated one, from 0 to 1.
        density: mean number of real balls around a generated vector, divided by k: at least 0, may exceed 1; 1 on
            average for two sets of one distribution.
        coverage: share of real vectors with a generated one inside their ball, from 0 to 1; for two large sets of
            equal size from one distribution 1 - 2^-k, 0.969 for k = 5 (Naeem et al. 2020, lemma 2).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighborhoods(real: np.ndarray, generated: np.ndarray) -> Neighborhoods:
    """Precision, recall, density and coverage from the same three tables of distances.

    Precision and recall: Kynkäänniemi et al. 2019 (arXiv:1904.06991), section 2, with k = 3. Density and coverage:
    Naeem et al. 2020 (arXiv:2002.09797), section 3, with k = 5. A vector on the surface of a ball is inside. All values
    depend on the numbers of vectors; use as many generated as real ones.

    Args:
        real: features [n, d], more than 5.
        generated: features [m, d], more than 3.

    Raises:
        ValueError: too few vectors, different widths, values that are not finite.
    """
    arrays.check_features("real features", real, 1 + max(PRECISION_NEIGHBORS, DENSITY_NEIGHBORS))
    arrays.check_features("generated features", generated, 1 + PRECISION_NEIGHBORS, real.shape[1])
    real_radii, wide_radii = squared_radii(real, (PRECISION_NEIGHBORS, DENSITY_NEIGHBORS))
    (generated_radii,) = squared_radii(generated, (PRECISION_NEIGHBORS,))
    precise, recalled, covered, balls = np.zeros(len(generated), bool), 0, 0, 0
    for part, distances in distance_blocks(real, generated):
        precise |= (distances <= real_radii[part, None]).any(axis=0)
        recalled += int((distances <= generated_radii).any(axis=1).sum())
        inside = distances <= wide_radii[part, None]
        balls += int(np.count_nonzero(inside))
        covered += int(inside.any(axis=1).sum())
    return Neighborhoods(
        precision=float(precise.mean()),
        recall=recalled / len(real),
        density=balls / (DENSITY_NEIGHBORS * len(generated)),
        coverage=covered / len(real),
    )
