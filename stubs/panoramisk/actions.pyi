import asyncio
from collections.abc import Mapping
from typing import Any

from .utils import CaseInsensitiveDict, IdGenerator

class Action(CaseInsensitiveDict):
    action_id_generator: IdGenerator
    as_list: bool | None
    responses: list[Any]
    future: asyncio.Future[Any]
    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def action_id(self) -> str: ...
    def add_message(self, message: Any) -> bool | None: ...
