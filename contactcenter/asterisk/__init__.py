"""Asterisk as we ship it: its configuration, its music, and an instance of our own to run on one machine."""
