"""A script that never comes to an end."""

PROMPTS = {"hello": {"zh": "您好。", "en": "Hello."}}


async def script(call):
    while True:
        await call.speak("zh")
