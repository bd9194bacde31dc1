"""What would happen: days of made-up callers and agents, routed by the live engine's own code."""
