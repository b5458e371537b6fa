"""What a view is given first: a generator or a discriminator, and not the run that has them."""

import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

from dcgan_tf.errors import ArgumentError

View = TypeVar("View", bound=Callable)


def looks_at(*types: type) -> Callable[[View], View]:
    """A decorator: the first argument of a view is of one of these types, else an ArgumentError names what to give."""

    def decorated(view: View) -> View:
        signature = inspect.signature(view)
        first = next(iter(signature.parameters))

        @functools.wraps(view)
        def checked(*args, **kwargs):
            value = signature.bind(*args, **kwargs).arguments[first]
            if not isinstance(value, types):
                how = "`discriminator_of_run(...)`" if first == "discriminator" else "`run.generator()`"
                raise ArgumentError(first, type(value).__name__, f"give what {how} returns")
            return view(*args, **kwargs)

        return checked

    return decorated
