"""How a release is made: `make dist`, and `make release VERSION=1.2.3`."""
