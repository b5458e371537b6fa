"""The latent vector of a seed with NumPy alone, as TensorFlow draws it; every model card quotes the function."""

import numpy as np


def seed_to_latent(seed, dim, law):
    """float32 [1, dim] for a seed from 0 to 2^62; law: "normal" or "uniform" (on [-1, 1])."""

    def philox(a, b, c, d, key0, key1):  # Philox4x32-10 (Salmon et al., 2011)
        for _ in range(10):
            x, y = 0xD2511F53 * a, 0xCD9E8D57 * c
            a, b, c, d = y >> 32 ^ b ^ key0, y % 2**32, x >> 32 ^ d ^ key1, x % 2**32
            key0, key1 = (key0 + 0x9E3779B9) % 2**32, (key1 + 0xBB67AE85) % 2**32
        return a, b, c, d

    stream, seed = 1612338405, int(seed)  # the stream of images
    key0, key1, *counter = philox(stream, 0, seed % 2**32, seed >> 32, 0x3EC8F720, 0x02461E29)
    bits = np.stack(philox(np.arange(-(-dim // 4), dtype=np.uint64), 0, *counter, key0, key1), axis=1).ravel()
    unit = (bits % 2**23).astype(np.float32) / np.float32(2**23)  # in [0, 1)
    if law == "uniform":
        return 2 * unit[np.newaxis, :dim] - 1
    radius = np.sqrt(-2 * np.log(np.maximum(unit[0::2], np.float32(1e-7))))  # Box and Muller, 1958
    angle = (2 * np.pi * unit[1::2].astype(np.float64)).astype(np.float32)
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=1).ravel()[np.newaxis, :dim]
