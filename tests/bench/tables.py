"""A small table on the terminal."""

from collections.abc import Sequence


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print it at once: a benchmark that is interrupted has shown what it knows."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        first, *others = (
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join([first, *others]).rstrip(), flush=True)
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


_NOTED: list[tuple[str, float, str]] = []


def note(what: str, value: float, bar: str = "") -> None:
    """Keep a figure for the table at the end."""
    _NOTED.append((what, float(value), bar))


def show_noted() -> None:
    if _NOTED:
        show("In one table: ratios, each of one run", ("", "measured", "bar"), _NOTED)


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}" if cell < 10 else f"{cell:.1f}" if cell < 1000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
