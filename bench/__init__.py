"""Benchmarks: each module measures one thing, beside a yardstick in the same run where there is one."""
