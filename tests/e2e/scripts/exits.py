"""Ends as many programs do."""

import sys

PROMPTS = {"hello": {"zh": "您好。", "en": "Hello."}}


async def script(call):
    await call.play("hello")
    sys.exit()
