"""Does not end, in a thread of its own."""


def script(agi):
    while True:
        pass
