"""The providers: one file each. `configured` makes those that the settings name."""

from importlib import import_module
from importlib.metadata import entry_points

from kassa.config import Settings
from kassa.payments.providers.protocol import Provider

OURS = ("stars", "telegram", "stripe", "oneplat", "cryptopay", "yookassa")
GROUP = "kassa.providers"  # entry points of others: a function from Settings to Provider or None


def configured(settings: Settings) -> dict[str, Provider]:
    """By name, in the order in which they are offered; those without settings are not there.

    A module is imported only if it is to be used: Stripe's client alone takes 150 ms.
    """
    makers = [import_module(f"{__name__}.{name}").from_settings for name in _wanted(settings)]
    makers += [each.load() for each in entry_points(group=GROUP)]
    made = [provider for maker in makers if (provider := maker(settings)) is not None]
    return {provider.name: provider for provider in made}


def _wanted(settings: Settings) -> list[str]:
    has = {
        "stars": settings.bots,
        "telegram": any(each.provider_tokens for each in settings.bots),
        "stripe": settings.stripe_secret_key,
        "oneplat": settings.oneplat_shop_id and settings.oneplat_shop_secret,
        "cryptopay": settings.cryptopay_token,
        "yookassa": settings.yookassa_shop_id and settings.yookassa_secret_key,
    }
    return [name for name in OURS if has[name]]
