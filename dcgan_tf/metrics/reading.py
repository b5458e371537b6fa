"""What a metric gives."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """The value of a metric.

    Attributes:
        value: the value.
        deviation: the standard deviation over splits or subsets; None for definitions that have neither.
        seconds: time spent computing it; metrics that are computed together all have the time of the whole.
    """

    value: float
    deviation: float | None = None
    seconds: float = field(default=0.0, compare=False)
