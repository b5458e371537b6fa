"""Fidelity and variety apart: precision and recall, density and coverage."""

from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distances import distance_blocks, squared_radii

PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5


@dataclass(frozen=True)
class Neighbourhoods:
    """Where a set is, is told by balls around its vectors, each reaching to the k-th nearest neighbour in that set.

    Attributes:
        precision: share of generated vectors inside at least one ball of a real one, 0 to 1.
        recall: share of real vectors inside at least one ball of a generated one, 0 to 1.
        density: mean number of real balls around a generated vector, divided by k: not below 0, may exceed 1; 1 on
            average for two sets of one law.
        coverage: share of real vectors with a generated one inside their ball, 0 to 1; for two large sets of one law
            of n vectors each 1 - 2^-k, 0.969 with k = 5 (Naeem et al. 2020, lemma 2).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhoods(
    real: np.ndarray,
    generated: np.ndarray,
    precision_neighbours: int = PRECISION_NEIGHBOURS,
    density_neighbours: int = DENSITY_NEIGHBOURS,
) -> Neighbourhoods:
    """All four from the same three tables of distances.

    Precision and recall: Kynkäänniemi et al. 2019 (arXiv:1904.06991), section 2. Density and coverage: Naeem et al.
    2020 (arXiv:2002.09797), section 3. A vector on the surface of a ball is inside. All depend on the numbers of
    vectors; take as many generated as real ones. 10,000 of 2,048 features each take about 160 MiB of buffers.

    Args:
        real: features [n, d], more than both k.
        generated: features [m, d], more than `precision_neighbours`.
        precision_neighbours: k for precision and recall.
        density_neighbours: k for density and coverage.

    Raises:
        ValueError: too few vectors, different widths, values that are not finite.
    """
    if min(precision_neighbours, density_neighbours) < 1:
        raise ValueError(f"neighbours={precision_neighbours}, {density_neighbours}: at least 1 is needed")
    arrays.check_features("real features", real, 1 + max(precision_neighbours, density_neighbours))
    arrays.check_features("generated features", generated, 1 + precision_neighbours)
    arrays.check_same_width("real", real, "generated features", generated)
    real_radii, real_wide_radii = squared_radii(real, (precision_neighbours, density_neighbours))
    (generated_radii,) = squared_radii(generated, (precision_neighbours,))

    precise, recalled, covered, balls = np.zeros(len(generated), bool), 0, 0, 0
    for part, distances in distance_blocks(real, generated):
        precise |= (distances <= real_radii[part, None]).any(axis=0)
        recalled += int((distances <= generated_radii).any(axis=1).sum())
        inside = distances <= real_wide_radii[part, None]
        balls += int(np.count_nonzero(inside))
        covered += int(inside.any(axis=1).sum())
    return Neighbourhoods(
        precision=float(precise.mean()),
        recall=recalled / len(real),
        density=balls / (density_neighbours * len(generated)),
        coverage=covered / len(real),
    )
