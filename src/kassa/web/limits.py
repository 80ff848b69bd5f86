"""How often somebody may ask: buckets in the memory of a process, few enough to stay small.

SIGN_IN = limited("sign-in", per_minute=10, burst=5)

@router.post("/login", dependencies=[Depends(SIGN_IN)])      # FastAPI
async def handler(request): await SIGN_IN(request); ...       # plain Starlette
"""

import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from kassa.errors import KassaError

KEYS = 20_000  # whom a limiter remembers; the one who was silent longest is forgotten first
UNPROVED_PER_MINUTE, UNPROVED_BURST = 30, 60

Clock = Callable[[], float]


class TooMany(KassaError):
    """Asked too often. Whoever answers puts `retry_after`, in seconds, into a header."""

    status = 429

    def __init__(self, seconds: float) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        super().__init__(f"Too many requests. Please try again in {self.retry_after} s.")


class Limiter:
    """A bucket a key: `burst` at once, and then `per_minute`.

    Of a bucket only the moment is kept when it will be full again: what was taken, in seconds.
    """

    def __init__(
        self, *, per_minute: float, burst: int, keys: int = KEYS, now: Clock = time.monotonic
    ) -> None:
        if per_minute <= 0 or burst < 1 or keys < 1:
            raise ValueError("A limit lets somebody through.")
        self._each = 60 / per_minute  # seconds that one takes to come back
        self._most = burst * self._each
        self._keys = keys
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str) -> float:
        """0 if there was one to take; else the seconds until there is. Asking costs nothing."""
        wait = self.wait(key)
        if not wait:
            now = self._now()
            self._full_at[key] = max(self._full_at.get(key, now), now) + self._each
            self._full_at.move_to_end(key)
            if len(self._full_at) > self._keys:
                self._full_at.popitem(last=False)
        return wait

    def wait(self, key: str) -> float:
        """As `take`, and takes none."""
        now = self._now()
        after = max(self._full_at.get(key, now), now) + self._each
        # A thousandth of one, since sums of floats differ in their last digits.
        return 0.0 if after - now <= self._most + self._each / 1000 else after - now - self._most

    def give_back(self, key: str) -> None:
        """What was taken, as if it had not been."""
        if key in self._full_at:
            self._full_at[key] -= self._each

    def __len__(self) -> int:
        return len(self._full_at)


class Limits:
    """The limiters of a process, by name, in `app.state.limits`. Each worker has its share."""

    def __init__(self, *, workers: int = 1, now: Clock = time.monotonic) -> None:
        self._workers = max(1, workers)
        self._now = now
        self._named: dict[str, Limiter] = {}

    def limiter(self, name: str, *, per_minute: float, burst: int) -> Limiter:
        """The same one for the same name."""
        if name not in self._named:
            self._named[name] = Limiter(
                per_minute=per_minute / self._workers,
                burst=math.ceil(burst / self._workers),
                now=self._now,
            )
        return self._named[name]

    def unproved(self, request: HTTPConnection) -> float:
        """For what is signed, and yet anybody could have made it up: 0 if it may be kept, else
        the seconds until one more may. So a stranger's inventions are few, whatever they send,
        and what is known to be ours need not ask."""
        limiter = self.limiter("unproved", per_minute=UNPROVED_PER_MINUTE, burst=UNPROVED_BURST)
        return limiter.take(by_address(request))


def network(address: str) -> str:
    """Of whom one address tells: of IPv6, everybody has 2**64."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def by_address(request: HTTPConnection) -> str:
    return network(request.client.host) if request.client else ""


def by_user(request: HTTPConnection) -> str:
    """Whoever signed in: `request.state.user_id`, which their proof set; else by the address."""
    user = getattr(request.state, "user_id", None)
    return by_address(request) if user is None else f"user {user}"


@dataclass(frozen=True, slots=True)
class Limited:
    name: str
    per_minute: float
    burst: int
    by: Callable[[HTTPConnection], str]

    async def __call__(self, request: Request) -> None:
        """Async, since FastAPI calls others in threads, where two could take the same one."""
        self.take(request, self.by(request))

    def take(self, request: HTTPConnection, key: str) -> None:
        """One more by this key; raises TooMany."""
        if wait := self._limiter(request).take(key):
            raise TooMany(wait)

    def give_back(self, request: HTTPConnection, key: str) -> None:
        self._limiter(request).give_back(key)

    def _limiter(self, request: HTTPConnection) -> Limiter:
        limits: Limits = request.app.state.limits
        return limits.limiter(self.name, per_minute=self.per_minute, burst=self.burst)


def refusals(
    which: Callable[[Request], Limited | None],
) -> Callable[[Request], AsyncIterator[None]]:
    """A dependency of FastAPI's that counts only what is refused. What is under way counts, too:
    guesses that come all at once are as many as those that come one by one."""

    async def counted(request: Request) -> AsyncIterator[None]:
        limit = which(request)
        if limit is None:
            yield
            return
        key = limit.by(request)
        limit.take(request, key)
        try:
            yield
        except Exception as error:
            if not _is_refusal(error):
                limit.give_back(request, key)
            raise
        limit.give_back(request, key)

    return counted


def _is_refusal(error: Exception) -> bool:
    status = getattr(error, "status_code" if isinstance(error, HTTPException) else "status", 500)
    return 400 <= status < 500


def limited(
    name: str,
    *,
    per_minute: float,
    burst: int,
    by: Callable[[HTTPConnection], str] = by_address,
) -> Limited:
    """A dependency of FastAPI's; a plain route calls it. Limits of one name are one limit."""
    return Limited(name, per_minute, burst, by)
