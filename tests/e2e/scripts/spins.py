"""A script that computes for ever."""

PROMPTS = {"hello": {"zh": "您好。", "en": "Hello."}}


async def script(call):
    await call.play("hello")
    while True:
        pass
