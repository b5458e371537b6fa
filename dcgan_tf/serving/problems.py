"""What can go wrong between a client and a server, each as one line for the user."""

import re

from dcgan_tf.errors import UserError


class ServingError(UserError):
    """The server cannot be used as asked; asking again would not help."""


class PassingError(ServingError):
    """Something that may be over a moment later: no connection, no answer in time, an overloaded server."""


class UnknownHostError(ServingError):
    """There is no such host; it may come yet, as names in a cluster do, but nobody waits for that unasked."""


class NotFoundError(ServingError):
    """The server does not know the model or its version, or has not loaded it yet."""


class RefusedError(ServingError):
    """The model itself refused the request; the message is its own."""


def refused(address: str, message: str) -> RefusedError:
    """The error for a request that the model did not take."""
    return RefusedError(f"{address}: the model refused the request: {sentence(message)}")


def sentence(message: str) -> str:
    """What a server says, in one line of limited length and without the names of graph nodes."""
    text = re.sub(r"\[\[.*?\]\]", " ", message, flags=re.DOTALL)
    text = re.sub(r"assertion failed: \[([^\]]*)\].*", r"\1", " ".join(text.split()))
    return text if len(text) <= 300 else f"{text[:297]}..."
