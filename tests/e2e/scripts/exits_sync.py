"""Ends as scripts on pyst2 do."""

import sys


def script(agi):
    agi.verbose("hello")
    sys.exit(0)
