"""Trying again what may pass."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from dcgan_tf.serving.problems import PassingError

Result = TypeVar("Result")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds; every pause is twice the one before it


def retried(call: Callable[[], Result], retries: int, sleep: Callable[[float], None] = time.sleep) -> Result:
    """The result of `call`, which is repeated up to `retries` times as long as it raises PassingError."""
    pause = FIRST_PAUSE
    for left in range(retries, -1, -1):
        try:
            return call()
        except PassingError as error:
            if not left:
                raise
            logging.getLogger("dcgan_tf").info("%s; trying again in %g s (%d left)", error, pause, left)
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    raise AssertionError("the loop returns or raises")
