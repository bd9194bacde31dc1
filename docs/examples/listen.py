"""Sign in, become available on phone 117, and print what /ws says; answer what rings."""

import asyncio
import json
import sys

import aiohttp


async def main(url: str, login: str, password: str) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # the demo's host is an address, not a name
    async with aiohttp.ClientSession(url, cookie_jar=jar) as http:
        answer = await http.post("/api/session", json={"login": login, "password": password})
        headers = {"X-CSRF-Token": (await answer.json())["csrf"]}
        await http.put("/api/me/phone", json={"endpoint": "117"}, headers=headers)
        await http.put("/api/me/state", json={"state": "available"}, headers=headers)
        async with http.ws_connect("/ws", origin=url) as stream:
            async for message in stream:
                frame = json.loads(message.data)
                print(frame["type"], frame["seq"], sorted(frame.keys() - {"type", "seq", "at"}))
                if frame["type"] == "pop":
                    await stream.send_json({"type": "ack", "seq": frame["seq"]})
                    await asyncio.sleep(1)
                    await http.post(f"/api/calls/{frame['call']}/answer", headers=headers)


asyncio.run(main(*sys.argv[1:]))
