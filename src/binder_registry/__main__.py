"""`python -m binder_registry` is `binder-registry`."""

from binder_registry.cli import main

main()
