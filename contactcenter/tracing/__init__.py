"""Traces: what a running center heard, recorded raw, and replayed event by event."""
