"""The picture of a report: as wide as its days, as high as its sites, each share its colour."""

import asyncio
import io

import pytest
from PIL import Image

from bot.charts import day_grid
from bot.charts.painter import Painter
from bot.charts.picture import DayGrid, GridRow

GRID = DayGrid(
    rows=(GridRow("Shop", (1.0, 0.995, 0.5, None)), GridRow("a name " * 20, (None, 1.0, 1.0, 1.0))),
    labels=("23 Nov", "24 Nov", "25 Nov", "26 Nov"),
    legend="green: up",
)


def test_it_is_read_back_as_it_was_written() -> None:
    assert DayGrid.from_json(GRID.to_json()) == GRID


@pytest.mark.parametrize("day", range(4))
def test_a_cell_has_the_colour_of_its_share(day: int) -> None:
    image = Image.open(io.BytesIO(day_grid.draw(GRID))).convert("RGB")
    left = day_grid._left(day)
    top = day_grid._MARGIN + day_grid._ROW
    colour = image.getpixel((left + day_grid._CELL // 2, top + 4 * day_grid.SCALE))
    wanted = (day_grid._UP, day_grid._SOME, day_grid._DOWN, day_grid._CARD)[day]
    assert isinstance(colour, tuple)
    assert "#{:02x}{:02x}{:02x}".format(*colour[:3]) == wanted


def test_the_child_process_draws_it() -> None:
    png = asyncio.run(Painter().paint(GRID))
    assert png is not None
    size = Image.open(io.BytesIO(png)).size
    assert size[0] == 2 * day_grid._MARGIN + day_grid._NAMES + 4 * (day_grid._CELL + day_grid._GAP)
