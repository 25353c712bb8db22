"""What ends a command of `zaiko` in one line."""


class CannotGoOn(Exception):
    """The command cannot do what was asked; the message is one line that says what to do about it."""
