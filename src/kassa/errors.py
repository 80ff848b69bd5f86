"""What can go wrong, as a small tree: each error has words for people and an HTTP status."""


class KassaError(Exception):
    """The root. `str(error)` is a sentence that may be shown to whoever asked."""

    status = 500


class Invalid(KassaError, ValueError):
    """What was given cannot be right, whoever gives it and however often."""

    status = 400


class NotFound(KassaError, LookupError):
    """There is no such thing."""

    status = 404


class Conflict(KassaError):
    """It contradicts what is already there."""

    status = 409


class Unavailable(KassaError):
    """Something we stand on is not there now. Trying again later may help."""

    status = 503


class ConfigError(Invalid):
    """The settings are wrong: all that is wrong with them, a line each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
