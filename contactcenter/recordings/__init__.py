"""The edge to recorded sound: raw legs are picked up, sealed, indexed, and in the end deleted."""
