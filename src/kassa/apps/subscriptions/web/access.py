"""What somebody has at the panel: their devices, what they have used, and another link."""

from kassa.apps.models import Kassa
from kassa.apps.subscriptions import provisioning, service
from kassa.apps.subscriptions.models import Subscription
from kassa.apps.subscriptions.panels import panel_of
from kassa.apps.subscriptions.panels.protocol import Access
from kassa.db import Tx
from kassa.errors import NotFound
from kassa.users import User


async def read(kassa: Kassa, person: User) -> Access | None:
    """None where the panel knows nobody. Raises Down or No."""
    return await panel_of(kassa).read(provisioning.wanted(await _mine(kassa, person), person))


async def forget(kassa: Kassa, person: User, device: str) -> None:
    """Another one has room then. Raises Down or No."""
    wanted = provisioning.wanted(await _mine(kassa, person), person)
    await panel_of(kassa).forget_device(wanted, device)


async def new_link(kassa: Kassa, person: User) -> str:
    """The old one opens nothing any more. Raises Down or No."""
    mine = await _mine(kassa, person)
    access = await panel_of(kassa).new_link(provisioning.wanted(mine, person))

    async def keep(tx: Tx) -> None:
        await tx.execute(
            "UPDATE subscriptions.subscription SET link = $2, panel_id = $3 WHERE user_id = $1",
            *(mine.user, access.link, access.panel_id),
        )
        # Whoever told the panel something at this moment may keep the old one: it is asked anew.
        await service.changed(tx, mine.user)

    await kassa.database.run(keep)
    return access.link


async def _mine(kassa: Kassa, person: User) -> Subscription:
    mine = await service.standing(kassa.database, person.id)
    if mine is None or mine.expires_at is None:
        raise NotFound("There is no subscription yet.")
    return mine
