"""The demo's campaigns: ready to be started, and with a history that was counted."""

from pathlib import Path

from stores import Keeper

from contactcenter.crm import attempts, campaigns, hopper, lists
from contactcenter.crm.access import CENTER
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.users import Users
from contactcenter.demo import accounts, data, outgoing
from contactcenter.demo.called import TRUNK
from contactcenter.dialer.campaigns import CampaignState
from contactcenter.dialer.starting import Surroundings, problems
from contactcenter.events import CampaignsRestored

HOURS = range(24)


async def test_the_demo_s_campaigns_can_be_started_and_one_has_dialled(
    keeper: Keeper, tmp_path: Path
) -> None:
    store = await keeper.open()
    await accounts.ensure(store, Users(store, Sessions(store)), tmp_path, "for the demo only")
    assert await data.fill(store)
    await outgoing.fill(store, ("solved", "sale"))
    made = {row.campaign.name: row for row in (await store.read(campaigns.page, CENTER)).items}
    welcome, upgrade = made[outgoing.WELCOME], made[outgoing.UPGRADE]
    assert (welcome.state, upgrade.state) == (CampaignState.DRAFT, CampaignState.PAUSED)
    for row in made.values():
        named = [share.list for share in row.campaign.lists]
        around = Surroundings(
            queues=("support", "sales"), trunks=(TRUNK,), prompts=(row.campaign.message,), scripts=(),
            lists=named, caller_ids=(outgoing.SHOWN,), places=await store.read(lists.places, named),
        )  # fmt: skip
        assert problems(row.campaign, around, keeper.at) == ()
    # Whatever the hour at which somebody tries it, there is somebody to call.
    for hour in HOURS:
        at = keeper.at + hour * 3600
        (lead,) = (await store.write(hopper.lease, welcome.campaign.id, 1, at)).leads
        await store.write(hopper.give_back, [lead.id])
    counted = await store.read(campaigns.outcomes, upgrade.campaign.id)
    assert sum(counted.values()) == outgoing.DAYS * outgoing.CALLS_A_DAY
    assert counted["connected"] > 50
    assert 0 < counted["dropped"] / (counted["connected"] + counted["dropped"]) < 0.03
    talked = await store.read(attempts.page, CENTER, campaign=upgrade.campaign.id, outcome="connected")
    assert all(one.interaction and one.consent and one.agent for one in talked.items)
    told, _ = await outgoing.restored(store)
    assert isinstance(told, CampaignsRestored)
    assert [(one.campaign.id, one.placed) for one in told.campaigns] == [
        (upgrade.campaign.id, outgoing.DAYS * outgoing.CALLS_A_DAY)
    ]
