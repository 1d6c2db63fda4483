"""Measures the registry beside its peers: `python -m benchmarks`. Linux, Debian's packages, loopback only."""
