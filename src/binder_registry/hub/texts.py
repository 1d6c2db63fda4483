"""What users read: escaped, quoted."""

from html import escape


def html_text(text: str) -> str:
    """Also safe where a template of the hub's would be rendered once more: no brace survives as a brace."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def quoted(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:100] + "…")
