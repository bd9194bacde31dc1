"""A script that holds the whole event loop."""

import time

PROMPTS = {"hello": {"zh": "您好。", "en": "Hello."}}


async def script(call):
    await call.play("hello")
    time.sleep(2)
    await call.play("hello")
