"""For those who are not to wait."""


async def script(call):
    await call.queue("sales", priority=10, agent="agent2")
