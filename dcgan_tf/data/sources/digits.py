"""The digits that come with scikit-learn: real scans, no download, seconds to train on."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from dcgan_tf.data.source_protocol import Item, Source, SourceInfo


class Digits(Source):
    """1,797 scans of handwritten digits, 8x8, 17 gray levels, with labels (sklearn.datasets.load_digits)."""

    name, path = "digits", None

    def info(self) -> SourceInfo:
        """Constants: nothing is read."""
        return SourceInfo(count=1797, image_size=(8, 8), channels=1, class_names=tuple("0123456789"))

    def identity(self) -> dict[str, Any]:
        """Constants: the scans have not changed since 1998, and "scaling" counts the ways of scaling them."""
        return {"kind": "digits", "scaling": 1}

    def items(self) -> Iterator[Item]:
        """uint8 [8, 8, 1]; the levels 0 to 16 are spread over 0 to 255."""
        from sklearn.datasets import load_digits  # slow to import, and needed only while a store is prepared

        scans = load_digits()
        pixels = np.rint(scans.images * (255 / 16)).astype(np.uint8)[..., None]
        return (
            Item(str(number), int(label), lambda image=image: image)
            for number, (image, label) in enumerate(zip(pixels, scans.target, strict=True))
        )
