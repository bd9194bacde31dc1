"""Callers of IVR scripts without telephones."""

from contactcenter.agi.testing import simulated_caller

__all__ = ["simulated_caller"]
