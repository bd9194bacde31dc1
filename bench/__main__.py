"""`make bench`: the benchmark table, or the parts of it that are named: `make bench ARGS="ami store"`.

Figures of one machine under one load: compare ratios, and run it with nothing else going on.
"""

import importlib
import os
import platform
import sys
import time

PARTS = {
    "center": "events through the center, and choosing agents",
    "routing": "who gets whom, with 1,000 agents and 1,000 waiting calls",
    "ami": "reading Asterisk's events, beside panoramisk 1.4 as it is",
    "agi": "FastAGI commands, beside panoramisk's fast_agi",
    "waits": "announced waits, beside app_queue's average, on simulated days",
    "pacing": "how many calls to place: one decision of a campaign",
    "store": "writing and finding, beside plain sqlite3",
    "leads": "leads for the hopper, and the last question before a call, on both engines",
    "importing": "customers from a file, and what calls notice of it",
    "leads_import": "leads from a file, and what calls notice of it",
    "year": "a year of a center: search, histories, export, backup, restore, on both engines",
    "pop": "the screen pop, from the server to a drawn page and back",
    "news": "changed records, told to a hundred open pages",
    "handoff": "calls, beside app_queue and a plain Dial",
}


def main(names: list[str]) -> int:
    """Measure and print; the exit status."""
    if unknown := [name for name in names if name not in PARTS]:
        sys.stderr.write(f"bench: there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}\n")
        return 2
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in names or PARTS:
        began = time.monotonic()
        print(f"\n{name}: {PARTS[name]}")
        for what, value, unit in importlib.import_module(f"bench.{name}").bench():
            print(f"  {what:66} {value:12,.2f} {unit}", flush=True)
        print(f"  (took {time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
