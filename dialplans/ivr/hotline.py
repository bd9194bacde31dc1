"""The demo hotline 4001: language, then sales, support, my account, operator, call me back."""

from datetime import datetime
from decimal import Decimal

PROMPTS = {
    "welcome": {
        "zh": "您好，欢迎致电客户服务热线。中文服务请按一。",
        "en": "For service in English, press two.",
    },
    "main": {
        "zh": "销售请按一，客户服务请按二，查询账户请按三，要我们回拨请按九，人工服务请按零。",
        "en": "For sales, press one. For support, press two. For your account, press three. "
        "If you want us to call you back, press nine. For the operator, press zero.",
    },
    "closed": {
        "zh": "现在是非工作时间。要我们回拨请按九，或者在工作时间再拨。",
        "en": "We are closed now. If you want us to call you back, press nine, "
        "or call again during our opening hours.",
    },
    "waiting": {
        "zh": "正在为您转接，请稍候。",
        "en": "We are connecting you. One moment, please.",
    },
    "no_agent": {
        "zh": "抱歉，现在没有空闲的客服。要我们回拨请按九，或者直接挂机。",
        "en": "We are sorry, nobody is free at the moment. If you want us to call you back, press nine, "
        "or simply hang up.",
    },
    "customer_number": {
        "zh": "请输入您的客户号码，以井号键结束。",
        "en": "Please enter your customer number, followed by the hash key.",
    },
    "customer_unknown": {
        "zh": "抱歉，没有查到您的账户。",
        "en": "Sorry, we could not find your account.",
    },
    "balance": {
        "zh": "截至{day}，您的账户余额是{balance}。",
        "en": "Your balance as of {day} is {balance}.",
    },
    "no_balance": {
        "zh": "您的账户没有余额记录。",
        "en": "There is no balance on your account.",
    },
    "account_menu": {
        "zh": "再听一遍请按一，人工服务请按零，结束请直接挂机。",
        "en": "To hear that again, press one. For a person, press zero. If you are done, simply hang up.",
    },
}

LANGUAGE_KEYS = {"1": "zh", "2": "en"}
MAIN_KEYS = {"1": "sales", "2": "support", "3": "account", "9": "callback", "0": "operator"}


async def script(call):
    """Serve one caller of the hotline."""
    await choose_language(call)
    match await call.menu("main", MAIN_KEYS):
        case "sales":
            return await wait_for(call, "sales")
        case "account":
            return await account(call)
        case "callback":
            return await call_back(call, "support")
        case _:  # support, the operator, and whoever can't press keys
            return await wait_for(call, "support")


async def choose_language(call):
    """Each language is offered in itself; who presses nothing hears Chinese."""
    await call.play("welcome", language="zh")
    language = await call.menu("welcome", LANGUAGE_KEYS, attempts=1, node="language", language="en")
    await call.speak(language or "zh")


async def wait_for(call, queue):
    """Wait for a person; whoever finds none may ask to be called back."""
    if not call.open(queue):
        await call.emergency(queue)
        return await offer_callback(call, "closed", queue)
    await call.play("waiting")
    result = await call.queue(queue)
    if result in ("answered", "callback", "message"):
        await call.goodbye()
        return result
    return await offer_callback(call, "closed" if result == "closed" else "no_agent", queue)


async def account(call):
    """Self-service: who is known by his number hears his balance at once."""
    customer = await call.lookup()
    if customer is None:
        number = await call.collect("customer_number", digits=12, least=3)
        customer = await call.lookup(number) if number else None
    if customer is None:
        await call.play("customer_unknown")
        return await wait_for(call, "support")
    for _ in range(3):
        if customer.balance:
            today = datetime.now().astimezone().date()
            await call.play("balance", balance=Decimal(customer.balance), day=today)
        else:
            await call.play("no_balance")
        match await call.menu("account_menu", {"1": "again", "0": "person"}, attempts=1):
            case "person":
                return await wait_for(call, "support")
            case None:
                break
    await call.goodbye()
    return "self service"


async def offer_callback(call, prompt, queue):
    """Nobody is there: take the number instead of the caller's time."""
    if await call.menu(prompt, {"9": True}, attempts=2):
        return await call_back(call, queue)
    await call.goodbye()
    return prompt


async def call_back(call, queue):
    """Agree on a number to call back."""
    number = await call.callback(queue=queue)
    await call.goodbye()
    return "callback" if number else "no callback"
