"""An announcement with answers by keys."""

PROMPTS = {
    "offer": {"zh": "按1转人工，按9不再来电。", "en": "Press 1 for an agent, 9 for no more calls."},
    "taken_off": {"zh": "以后不再来电。", "en": "You will not be called again."},
}


async def script(call):
    choice = await call.menu("offer", {"1": "agent", "9": "never"}, node="coming?")
    if choice == "never":
        await call.opt_out()
        await call.goodbye("taken_off")
        return "done"
    await call.queue("sales")
    return ""
