"""A script with an author's mistake."""

PROMPTS = {"hello": {"zh": "您好。", "en": "Hello."}}


async def script(call):
    await call.play("hello")
    return {}["no such key"]
