"""What prompts say: text by prompt name and language, the server's own and those of a script."""

import re
from collections.abc import Mapping
from string import Formatter

from contactcenter.agi.numbers import spoken
from contactcenter.values import frozen

LANGUAGES = ("zh", "en")

Texts = Mapping[str, Mapping[str, str]]
"""Prompt name → language → text. `{name}` in a text is a place for a value."""

BUILT_IN: dict[str, dict[str, str]] = {
    "apology": {
        "zh": "非常抱歉，我们现在无法为您服务。请稍后再拨。",
        "en": "We are very sorry. We can't help you at the moment. Please call again later.",
    },
    "unknown_number": {
        "zh": "您好。您拨打的号码没有开通。请查证后再拨。",
        "en": "Hello. The number you have called is not in use. Please check the number, and call again.",
    },
    "closed": {
        "zh": "您好。现在是非工作时间，请在工作时间再拨。",
        "en": "Hello. We are closed now. Please call again during our opening hours.",
    },
    "invalid": {
        "zh": "抱歉，这个选择无效。",
        "en": "Sorry, that is not a valid choice.",
    },
    "nothing_heard": {
        "zh": "抱歉，我们没有收到您的按键。",
        "en": "Sorry, we did not hear a key.",
    },
    "callback_offer": {
        "zh": "我们将回拨您的电话{number}。确认请按一，使用其他号码请按二。",
        "en": "We will call you back on {number}. To confirm, press one. For another number, press two.",
    },
    "callback_number": {
        "zh": "请输入您的电话号码，以井号键结束。",
        "en": "Please enter your telephone number, followed by the hash key.",
    },
    "callback_refused": {
        "zh": "抱歉，我们不能回拨这个号码。",
        "en": "Sorry, we can't call that number.",
    },
    "callback_noted": {
        "zh": "好的，我们会尽快回拨您。",
        "en": "Thank you. We will call you back as soon as we can.",
    },
    "wait_next": {"zh": "您是下一位。", "en": "You are next in line."},
    "wait_one_ahead": {"zh": "您前面还有一位客户。", "en": "There is one caller ahead of you."},
    "wait_ahead": {
        "zh": "您前面还有{ahead}位客户。",
        "en": "There are {ahead} callers ahead of you.",
    },
    "wait_minute": {
        "zh": "预计等待时间不超过一分钟。",
        "en": "You should be connected within a minute.",
    },
    "wait_minutes": {
        "zh": "预计等待时间不超过{minutes}分钟。",
        "en": "You should be connected within {minutes} minutes.",
    },
    "wait_long": {
        "zh": "现在来电较多，等待时间可能超过一小时。",
        "en": "We are very busy. The wait may be longer than an hour.",
    },
    "wait_callback": {
        "zh": "继续等待请不要挂机。需要我们回拨并保留您的位置，请按一。",
        "en": "To go on waiting, stay on the line. For a call back that keeps your place, press one.",
    },
    "wait_message": {
        "zh": "继续等待请不要挂机。留言请按一。",
        "en": "To go on waiting, stay on the line. To leave a message, press one.",
    },
    "wait_callback_or_message": {
        "zh": "继续等待请不要挂机。需要我们回拨并保留您的位置，请按一。留言请按二。",
        "en": "To go on waiting, stay on the line. For a call back that keeps your place, press one. "
        "To leave a message, press two.",
    },
    "message_prompt": {
        "zh": "请在提示音后留言，按井号键结束。",
        "en": "Please leave your message after the tone, and press the hash key when you have finished.",
    },
    "message_empty": {
        "zh": "抱歉，我们没有听到您的留言。",
        "en": "Sorry, we did not hear a message.",
    },
    "message_confirm": {
        "zh": "发送留言请按一，重新录制请按二。",
        "en": "To send your message, press one. To record it again, press two.",
    },
    "message_left": {
        "zh": "好的，您的留言已收到。",
        "en": "Thank you. We have your message.",
    },
    "message_given_up": {
        "zh": "留言没有保存。",
        "en": "No message was kept.",
    },
    "message_refused": {
        "zh": "抱歉，现在无法留言。",
        "en": "Sorry, you can't leave a message at the moment.",
    },
    "goodbye": {
        "zh": "感谢您的来电，再见。",
        "en": "Thank you for calling. Goodbye.",
    },
    "recording_notice": {
        "zh": "为了保证服务质量，您的通话将被录音。如果不同意录音，请按九。",
        "en": "To improve our service, this call will be recorded. If you do not agree, press nine.",
    },
    "opted_out": {
        "zh": "好的，我们不会再给您打电话。再见。",
        "en": "Thank you. We will not call you again. Goodbye.",
    },
    "value": {"zh": "{value}", "en": "{value}"},
}

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


class PromptMissing(KeyError):
    """A script plays a prompt that has no text."""

    def __str__(self) -> str:
        return f"no prompt named {self.args[0]!r}: add it to PROMPTS in the script"


@frozen
class Speech:
    """One thing to be said to one caller."""

    name: str
    language: str
    text: str
    dynamic: bool = False
    """The text holds values of this call: it can't be made beforehand, and no recording replaces it."""


def speech(texts: Texts, name: str, language: str, values: Mapping[str, object]) -> Speech:
    """The prompt `name` in the language, or in another one rather than none. Raises `PromptMissing`."""
    wordings = texts.get(name) or {}
    if not wordings:
        raise PromptMissing(name)
    if language not in wordings:
        language = next(iter(wordings))
    said = {key: spoken(value, language) for key, value in values.items()}
    text = wordings[language].format(**said)
    return Speech(name=name, language=language, text=text, dynamic=bool(values))


def notice(text: str) -> Speech:
    """A campaign's message: a recording of that name, or the text itself, in the language that it is in."""
    language = "zh" if _CHINESE.search(text) else "en"
    return Speech(name=text if _NAME.fullmatch(text) else "notice", language=language, text=text)


def places(text: str) -> set[str]:
    """The names of the values that a text has places for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
