"""What the Bot API answers when it refuses."""


class ApiError(Exception):
    """An answer with `ok: false`, in the words of the real server."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after


def bad_request(reason: str) -> ApiError:
    """As the real server, in small letters but for what is a name, as BUTTON_DATA_INVALID."""
    if not (reason[1:2] == "_" or "A" <= reason[1:2] <= "Z"):
        reason = reason[:1].lower() + reason[1:]
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    return ApiError(403, f"Forbidden: {reason}")


def too_many_requests(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
