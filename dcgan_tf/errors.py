"""The one kind of error that a user is meant to read.

Scripts catch `UserError`, print its single line and exit with `exit_code`; anything else is a fault of this package
and keeps its traceback.
"""


class UserError(Exception):
    """Something the user can mend. The message is one line that says what was received and what would work."""

    exit_code = 1


class SettingError(UserError):
    """A setting whose value cannot work.

    Args:
        name: the setting as the user writes it, without dashes ("batch_size").
        value: what was received.
        remedy: what would work, as the end of the sentence ("it must be at least 1").
    """

    exit_code = 2

    def __init__(self, name: str, value: object, remedy: str):
        super().__init__(f"--{name}={value}: {remedy}")
        self.name, self.remedy = name, remedy
