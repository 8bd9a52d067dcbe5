"""Numbers and tables as the Markdown files show them."""


def percent(value, digits=1):
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def number(value, digits=3):
    return "–" if value is None else f"{value:.{digits}f}".lstrip("0") if 0 <= value < 1 else f"{value:.{digits}f}"


def between(ends, digits=1):
    """An interval of shares."""
    return "–" if ends is None else f"{100 * ends[0]:.{digits}f} to {100 * ends[1]:.{digits}f} %"


def table(header, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def matrix(counts, labels):
    """A confusion matrix, compact: a row a true label, a column a guess, both by number; noughts are left out."""
    head = ["true \\ said", *(str(k + 1) for k in range(len(labels))), "n"]
    return table(head, [[f"{k + 1} {label}", *(f"**{v}**" if j == k and v else v or "" for j, v in enumerate(row)), sum(row)]
                        for k, (label, row) in enumerate(zip(labels, counts))])
