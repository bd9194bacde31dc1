"""Downloads: how a file goes out, so that no browser does more with it than the user asked for."""

from urllib.parse import quote

from aiohttp import hdrs

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'"
"""What is shown in the browser may run nothing, load nothing, and is of no origin."""


def attached(name: str, suffix: str, media_type: str, *, inline: bool = False) -> dict[str, str]:
    """The headers of a file with this name; `suffix` is put behind a name that lacks it."""
    full = name if not suffix or name.lower().endswith(f".{suffix}") else f"{name}.{suffix}"
    plain = "".join(each if each.isascii() and (each.isalnum() or each in " ._-") else "_" for each in full)
    way = "inline" if inline else "attachment"
    return {
        hdrs.CONTENT_TYPE: media_type,
        hdrs.CONTENT_DISPOSITION: f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(full, safe='')}",
        hdrs.CACHE_CONTROL: "no-store",
        "Content-Security-Policy": SANDBOX,
    }
