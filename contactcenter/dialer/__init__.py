"""The rules of outgoing calls, pure: how many to place, to whom, when, and whether the law allows it."""
