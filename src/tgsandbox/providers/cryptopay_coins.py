"""What a Crypto Pay app has and gives away: balances, rates, transfers, checks."""

import hashlib

from tgsandbox.providers.bank import Json, Payment, Refused, Request, Response, Shop, call
from tgsandbox.providers.cryptopay_assets import (
    ASSETS,
    FIAT_DECIMALS,
    FIATS,
    STABLE,
    in_usd,
    minor,
    rate,
    shown,
)
from tgsandbox.providers.cryptopay_wire import (
    error,
    fields_of,
    ids_of,
    iso,
    ok,
    paged,
    plain,
    text,
    whole,
    wrong,
)

LEAST_USD, MOST_USD = 1, 25_000  # of a transfer


class Coins(Shop):
    transfers_enabled = True  # in the app's security settings
    users: frozenset[int] | None = None  # who has used @CryptoBot; None: whoever is asked for

    @property
    def app_id(self) -> int:
        digest = hashlib.sha256(self.secret("app").encode()).digest()
        return 10_000 + int.from_bytes(digest[:4]) % 90_000

    # --- the app

    @call("me", "GET", "/api/getMe")
    @call("me", "POST", "/api/getMe")
    def get_me(self, request: Request) -> Response:
        return ok(
            {
                "app_id": self.app_id,
                "name": self.name,
                "payment_processing_bot_username": "CryptoTestnetBot",
            }
        )

    @call("balance", "GET", "/api/getBalance")
    @call("balance", "POST", "/api/getBalance")
    def get_balance(self, request: Request) -> Response:
        """What the books hold, to the last unit; coins of unclaimed checks are on hold."""
        held = self.held()
        on_hold = dict.fromkeys(ASSETS, 0)
        for check in self.memory.get("checks", []):
            on_hold[check["asset"]] += check["amount"]
        return ok(
            [
                {
                    "currency_code": code,
                    "available": shown(held.get(code, 0), code),
                    "onhold": shown(on_hold[code], code),
                }
                for code in ASSETS
            ]
        )

    @call("rates", "GET", "/api/getExchangeRates")
    @call("rates", "POST", "/api/getExchangeRates")
    def get_exchange_rates(self, request: Request) -> Response:
        return ok(
            [
                {
                    "is_valid": True,
                    "is_crypto": True,
                    "is_fiat": False,
                    "source": asset,
                    "target": fiat,
                    "rate": plain(rate(asset, fiat)),
                }
                for asset in ASSETS
                for fiat in FIATS
            ]
        )

    @call("currencies", "GET", "/api/getCurrencies")
    @call("currencies", "POST", "/api/getCurrencies")
    def get_currencies(self, request: Request) -> Response:
        coins = [
            {
                "is_blockchain": code not in STABLE,
                "is_stablecoin": code in STABLE,
                "is_fiat": False,
                "name": each.name,
                "code": code,
                "decimals": each.decimals,
            }
            for code, each in ASSETS.items()
        ]
        fiats = [
            {
                "is_blockchain": False,
                "is_stablecoin": False,
                "is_fiat": True,
                "name": code,
                "code": code,
                "decimals": FIAT_DECIMALS,
            }
            for code in FIATS
        ]
        return ok([*coins, *fiats])

    # --- transfers and checks

    @call("transfer", "GET", "/api/transfer")
    @call("transfer", "POST", "/api/transfer")
    def transfer(self, request: Request) -> Response:
        """A spend_id is taken once: the second call is refused, whatever else it says."""
        given = fields_of(request)
        if not self.transfers_enabled:
            raise Refused(error(403, "METHOD_DISABLED"))
        user = whole(given, "user_id", 1, 1 << 53, 0)
        if not user or (self.users is not None and user not in self.users):
            wrong("USER_NOT_FOUND")
        spend_id = text(given, "spend_id", 64)
        if not spend_id:
            wrong("SPEND_ID_REQUIRED")
        comment = text(given, "comment", 1024)
        made: list[Json] = self.memory.setdefault("transfers", [])
        if any(each["spend_id"] == spend_id for each in made):
            wrong("SPEND_ID_ALREADY_USED")
        asset, amount = self._to_give(given)
        number = self._next("transfer")
        self._book("payout", f"transfer:{number}", amount, asset)
        done: Json = {
            "transfer_id": number,
            "spend_id": spend_id,
            "user_id": user,
            "asset": asset,
            "amount": shown(amount, asset),
            "status": "completed",
            "completed_at": iso(self.now()),
        }
        made.append(done | {"comment": comment} if comment else done)
        return ok(made[-1])

    @call("transfers", "GET", "/api/getTransfers")
    @call("transfers", "POST", "/api/getTransfers")
    def get_transfers(self, request: Request) -> Response:
        given = fields_of(request)
        ids = ids_of(given, "transfer_ids")
        wanted = {name: given[name] for name in ("asset", "spend_id") if name in given}
        found = [
            each
            for each in reversed(self.memory.get("transfers", []))
            if (ids is None or str(each["transfer_id"]) in ids) and wanted.items() <= each.items()
        ]
        return paged(given, found)

    @call("check", "GET", "/api/createCheck")
    @call("check", "POST", "/api/createCheck")
    def create_check(self, request: Request) -> Response:
        asset, amount = self._to_give(fields_of(request))
        number = self._next("check")
        self._book("payout", f"check:{number}", amount, asset)
        check = {
            "id": number,
            "hash": f"CQ{self.new_id(length=10)}",
            "asset": asset,
            "amount": amount,
            "at": self.now(),
        }
        self.memory.setdefault("checks", []).append(check)
        return ok(self._check(check))

    @call("delete_check", "GET", "/api/deleteCheck")
    @call("delete_check", "POST", "/api/deleteCheck")
    def delete_check(self, request: Request) -> Response:
        number = str(fields_of(request).get("check_id"))
        for check in self.memory.get("checks", []):
            if str(check["id"]) == number:
                self.memory["checks"].remove(check)
                self._book("topup", f"check:{number}", check["amount"], check["asset"])
                return ok(True)
        wrong("CHECK_NOT_FOUND")

    @call("checks", "GET", "/api/getChecks")
    @call("checks", "POST", "/api/getChecks")
    def get_checks(self, request: Request) -> Response:
        given = fields_of(request)
        ids = ids_of(given, "check_ids")
        wanted = {name: given[name] for name in ("asset", "status") if name in given}
        found = [self._check(each) for each in reversed(self.memory.get("checks", []))]
        found = [each for each in found if ids is None or str(each["check_id"]) in ids]
        return paged(given, [each for each in found if wanted.items() <= each.items()])

    def top_up(self, asset: str, amount: int) -> None:
        """Coins of the owner's own, to transfer."""
        self._book("topup", "topup", amount, asset)
        self.bank.changed()

    # --- for both

    def _to_give(self, given: Json) -> tuple[str, int]:
        asset = str(given.get("asset"))
        if asset not in ASSETS:
            wrong("ASSET_INVALID")
        amount = minor(given.get("amount"), asset)
        if amount is None:
            wrong("AMOUNT_INVALID")
        if in_usd(amount, asset) < LEAST_USD:
            wrong("AMOUNT_TOO_SMALL")
        if in_usd(amount, asset) > MOST_USD:
            wrong("AMOUNT_TOO_BIG")
        if self.held().get(asset, 0) < amount:
            wrong("INSUFFICIENT_FUNDS")
        return asset, amount

    def _book(self, kind: str, ref: str, amount: int, asset: str) -> None:
        self.book(kind, Payment(ref, "", amount, asset), amount, charge=ref)

    def _next(self, what: str) -> int:
        self.memory[what] = found = int(self.memory.get(what, self.app_id * 1000)) + 1
        return found

    def _check(self, check: Json) -> Json:
        return {
            "check_id": check["id"],
            "hash": check["hash"],
            "asset": check["asset"],
            "amount": shown(check["amount"], check["asset"]),
            "bot_check_url": f"{self.bank.url}/bank/cryptopay/check/{check['hash']}",
            "status": "active",
            "created_at": iso(check["at"]),
        }
