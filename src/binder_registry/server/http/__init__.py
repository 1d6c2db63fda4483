"""Bytes: what a connection carries, read into requests and written as answers."""
