import asyncio
import logging
from collections import deque
from typing import Any

class AMIProtocol(asyncio.Protocol):
    transport: Any
    closed: bool
    queue: deque[Any]
    responses: dict[str, Any]
    factory: Any
    version: str | None
    log: logging.Logger
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def send(self, data: Any, as_list: bool | None = None) -> Any: ...
    def handle_message(self, message: Any) -> None: ...
    def close(self) -> None: ...
