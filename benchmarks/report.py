"""The rows as a table (Markdown) and as a chart (SVG)."""

from collections.abc import Sequence
from html import escape

from .rows import Row

ROW, LABEL, SCALE, RIGHT = 34, 560, 260, 90  # pixels: a row's height, the labels, one target's length, room for figures
MOST = 2.0  # targets that a bar may be long


def table(rows: Sequence[Row]) -> str:
    lines = ["| work | against | ours | theirs | ratio | wanted |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for row in rows:
        ratio = "" if row.ratio is None else f"**{row.ratio:.2f}**" if row.reached else f"{row.ratio:.2f}"
        note = f"<br>{row.note}" if row.note else ""
        wanted = "" if row.target is None else f"{row.bound} {row.target:g}"
        lines.append(f"| {row.work}{note} | {row.against} | {row.ours} | {row.theirs} | {ratio} | {wanted} |")
    return "\n".join(lines)


def chart(rows: Sequence[Row]) -> str:
    """How far each row is from its target: the line. Longer is better; a bar of "at most" shows the inverse."""
    measured = [(row, row.ratio, row.target) for row in rows if row.ratio and row.target]
    height, width = ROW * len(measured) + 50, LABEL + int(SCALE * MOST) + RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        '  font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for place, (row, ratio, target) in enumerate(measured):
        share = ratio / target if row.bound == "at least" else target / ratio
        y, length = 20 + place * ROW, min(share, MOST) * SCALE
        colour = "#2a7f62" if row.reached else "#c2543d"
        parts += [
            f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(row.work)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{length:.0f}" height="{ROW - 12}" fill="{colour}"/>',
            f'<text x="{LABEL + length + 6:.0f}" y="{y + 15}">{ratio:.2f}</text>',
        ]
    line = LABEL + SCALE
    parts += [
        f'<line x1="{line}" y1="10" x2="{line}" y2="{height - 30}" stroke="black" stroke-dasharray="4 3"/>',
        f'<text x="{line}" y="{height - 12}" text-anchor="middle">what is wanted</text>',
        "</svg>\n",
    ]
    return "\n".join(parts)
