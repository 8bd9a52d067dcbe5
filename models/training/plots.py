"""Draws the card's figures as small SVG files, by hand: they follow the reader's light or dark scheme and need no library."""

from html import escape

import numpy as np

from measures import clopper_pearson

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 34, 46
ROW, COLUMN, COLUMNS = 18, 172, 3
"""The legend, below the axes so that no curve can run through it: its rows and columns."""
STYLE = """<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:13px}.m{text-anchor:middle}.e{text-anchor:end}
.g{stroke:#d0d7de;stroke-width:1}.x{stroke:#57606a;stroke-width:1}path{fill:none;stroke-width:2;stroke-linejoin:round}
.s0{stroke:#0969da}.s1{stroke:#bc4c00}.s2{stroke:#1a7f37}.s3{stroke:#8250df}.s4{stroke:#57606a}
.s1{stroke-dasharray:7 3}.s2{stroke-dasharray:2 3}.s3{stroke-dasharray:9 3 2 3}.s4{stroke-dasharray:4 4}
.i{stroke-width:1.5;stroke-dasharray:none}circle{fill:#0969da}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#30363d}.x{stroke:#9198a1}circle{fill:#58a6ff}
.s0{stroke:#58a6ff}.s1{stroke:#f0883e}.s2{stroke:#3fb950}.s3{stroke:#bc8cff}.s4{stroke:#9198a1}}
</style>"""


def label(value: float) -> str:
    """A share as a percentage, as short as it can be."""
    return f"{100 * value:.3g} %"


def chart(title, x_name, y_name, lines, x_most, y_most, x_ticks, y_ticks, dots=()):
    """One chart. `lines`: (name, points); `dots`: (x, y, lower end, upper end, radius). All values are shares from 0."""
    across = lambda x: round(LEFT + (WIDTH - LEFT - RIGHT) * x / x_most, 1)
    down = lambda y: round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(y, y_most) / y_most, 1)
    style = lambda k: k if len(lines) > 1 else 4
    whole = HEIGHT + ROW * -(-len(lines) // COLUMNS)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {whole}" width="{WIDTH}" height="{whole}" role="img" '
           f'aria-label="{escape(title)}">', STYLE, f'<text class="t" x="{LEFT}" y="18">{escape(title)}</text>']
    for y in y_ticks:
        out.append(f'<line class="g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(y)}" y2="{down(y)}"/>'
                   f'<text class="e" x="{LEFT - 6}" y="{down(y) + 4}">{label(y)}</text>')
    for x in x_ticks:
        out.append(f'<text class="m" x="{across(x)}" y="{HEIGHT - BOTTOM + 16}">{label(x)}</text>')
    out.append(f'<path class="x" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
               f'<text class="m" x="{(LEFT + WIDTH - RIGHT) // 2}" y="{HEIGHT - 10}">{escape(x_name)}</text>'
               f'<text class="m" transform="translate(13 {(TOP + HEIGHT - BOTTOM) // 2}) rotate(-90)">{escape(y_name)}</text>')
    for k, (name, points) in enumerate(lines):
        if points:
            out.append(f'<path class="s{style(k)}" d="M' + "L".join(f"{across(x)} {down(y)}" for x, y in points) + '"/>')
        x, y = LEFT + COLUMN * (k % COLUMNS), HEIGHT + ROW * (k // COLUMNS) + 8
        out.append(f'<path class="s{style(k)}" d="M{x} {y - 4}h22"/><text x="{x + 27}" y="{y}">{escape(name)}</text>')
    for x, y, low, high, radius in dots:
        out.append(f'<path class="s0 i" d="M{across(x)} {down(low)}V{down(high)}"/><circle cx="{across(x)}" cy="{down(y)}" r="{radius:.1f}"/>')
    return "\n".join(out) + "\n</svg>\n"


def reliability(title, rows):
    """Said against true, a dot a bin with its 95 % interval (Clopper-Pearson at the effective number of turns); area as weight."""
    dots = []
    for said, true, _, weight, effective in rows:
        low, high = clopper_pearson(true * effective, effective)
        dots.append((said, true, low, high, 3 + 6 * float(np.sqrt(weight))))
    ticks = (0, 0.2, 0.4, 0.6, 0.8, 1.0)
    return chart(title, "probability said", "share that was so", [("perfectly calibrated", [(0, 0), (1, 1)])], 1, 1, ticks, ticks, dots)


def risks(curves):
    """Risk against coverage at the base rate; always asking lies far above the picture, and is left to the table."""
    level = curves["never ask"]["curve"][-1][1]
    lines = [(name.removesuffix(", never ask"), curves[name]["curve"]) for name in ("this model", "TF-IDF", "longer is surer, never ask")]
    return chart("Risk and coverage of need, at the base rate", "coverage: share of turns decided, the surest first", "risk: share decided wrongly",
                 [*lines, ("never ask", [(0, level), (1, level)])], 1, 0.12, (0, 0.2, 0.4, 0.6, 0.8, 1.0), (0, 0.03, 0.06, 0.09, 0.12))


def budgets(curves):
    """Recall against the share of turns that may be asked about."""
    lines = [(name, curve["curve"]) for name, curve in curves.items()]
    return chart("Turns that need a question, found within a budget of questions", "share of all turns that may be asked about (3 % need it)",
                 "share of them found", lines, 0.2, 1, (0, 0.03, 0.05, 0.1, 0.15, 0.2), (0, 0.2, 0.4, 0.6, 0.8, 1.0))


def write(folder, own):
    """Writes all of them; returns their names and titles."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = own["curves"]
    texts = {"reliability-ask": ("Reliability of `ask`", reliability("Reliability of ask, at the base rate", own["reliability of ask"])),
             "reliability-ask-or-assume": ("Reliability of `ask` or `assume`",
                                           reliability("Reliability of ask or assume, at the base rate", own["reliability of ask or assume"])),
             "risk-coverage": ("Risk against coverage", risks(curves["risk and coverage, at the base rate"])),
             "budget": ("Recall within a budget of questions", budgets(curves["recall within a budget"]))}
    for name, (_, text) in texts.items():
        (folder / f"{name}.svg").write_text(text, encoding="utf-8")
    return {name: title for name, (title, _) in texts.items()}
