#!/usr/bin/env bash
# The Dockerfile's steps without Docker: a clean virtual environment, the locked packages, Vigie as
# a package, and then whether that installation works. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
bin=$place/venv/bin
mkdir "$place/src" "$place/data"
cp -R requirements.lock pyproject.toml README.md LICENSE bot cogs sandbox "$place/src"
(
  cd "$place/src"
  "$bin/pip" install -q --disable-pip-version-check --require-hashes -r requirements.lock
  "$bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation .
)
rm -rf "$place/src"
cd "$place/data"
export PYTHONDONTWRITEBYTECODE=1 VIGIE_DATABASE="$place/data/vigie.db"

"$bin/python" -m bot --version
# Catalogues, migrations and cogs are in the package: the demo needs all of them.
timeout 60 "$bin/python" -m bot demo --speed 10 >"$place/demo.log" 2>&1 &
demo=$!
for _ in $(seq 100); do
  grep -q http "$place/demo.log" && break
  sleep 0.2
done
kill "$demo" && wait "$demo" || true
grep -q http "$place/demo.log" || { cat "$place/demo.log"; exit 1; }
# The picture of /history is drawn by a child process that finds matplotlib and its font.
"$bin/python" - <<'PICTURE'
import asyncio

from bot.charts.painter import Painter
from bot.charts.picture import Labels, Picture, Point, Tick

points = tuple(Point(hour * 3_600_000, 100 + hour % 40, 200) for hour in range(90))
picture = Picture(
    *((0, 90 * 3_600_000), 500, (points,), (), (), ()),
    *((Tick(0, "0"),), (Tick(500, "500 ms"),)),
    Labels("median", "spread", "down", "unstable", "not watched", "UTC"),
)
assert asyncio.run(Painter().paint(picture)), "no picture"
PICTURE
# What the containers and the units run beside it: a database, its health, its nightly copy.
"$bin/python" -c 'import asyncio, sys; from bot.db.database import Database
async def main(): await (await Database.open(sys.argv[1])).close()
asyncio.run(main())' "$VIGIE_DATABASE"
"$bin/python" -m bot backup --keep 7 "$place/data/backups/"
# Without a token it must end with 78, so that no supervisor starts it again.
status=0
env -u DISCORD_TOKEN "$bin/python" -m bot run 2>"$place/run.log" || status=$?
[ "$status" = 78 ] || { cat "$place/run.log"; exit 1; }
echo "the steps of deploy/Dockerfile work"
