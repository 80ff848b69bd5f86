"""Draws docs/demo.svg from what `kassa demo` prints: python -m docs.picture"""

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SIZE, LINE, WIDE, MARGIN, BAR = 14, 21, 8.43, 24, 40


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        said = subprocess.run(
            [Path(sys.executable).with_name("kassa"), "demo"],
            env={**os.environ, "KASSA_HOME": home},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    lines = ["$ scripts/demo", *said.rstrip().split("\n")]
    width = round(max(map(len, lines)) * WIDE + 2 * MARGIN)
    height = BAR + len(lines) * LINE + MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{BAR + (i + 1) * LINE}" fill="{_colour(line)}">'
        f"{escape(line)}</text>"
        for i, line in enumerate(lines)
        if line
    )
    dots = "".join(
        f'<circle cx="{MARGIN + i * 20}" cy="20" r="6" fill="{colour}"/>'
        for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    Path(__file__).with_name("demo.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="{FONT}" font-size="{SIZE}" '
        f'xml:space="preserve" style="white-space: pre">\n'
        f'<rect width="100%" height="100%" rx="12" fill="#17212b"/>\n{dots}\n{rows}\n</svg>\n'
    )


def _colour(line: str) -> str:
    if line.startswith("$"):
        return "#6ab3f3"
    if line.startswith("Every invariant"):
        return "#7bd88f"
    if re.match(r"(account|#) ", line):
        return "#8fa3b5"
    return "#e9eef4"


if __name__ == "__main__":
    main()
