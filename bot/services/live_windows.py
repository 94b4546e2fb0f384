"""The maintenance windows of all servers, in memory: which one covers a monitor now."""

from collections import defaultdict
from collections.abc import Iterable

from bot.models import Monitor, Window
from bot.services.recurrence import Stretch, next_stretch


class LiveWindows:
    """Answers at once and often, so the stretch that was found is kept until it is over."""

    def __init__(self) -> None:
        self._of_guild: defaultdict[int, list[Window]] = defaultdict(list)
        self._found: dict[int, tuple[int, Stretch | None]] = {}

    def load(self, windows: Iterable[Window]) -> None:
        self._of_guild.clear()
        self._found.clear()
        for window in windows:
            self.add(window)

    def add(self, window: Window) -> None:
        self._of_guild[window.guild_id].append(window)

    def drop(self, guild_id: int, ids: Iterable[int]) -> None:
        gone = set(ids)
        kept = [window for window in self._of_guild[guild_id] if window.id not in gone]
        self._of_guild[guild_id] = kept
        for window_id in gone:
            self._found.pop(window_id, None)

    def of_guild(self, guild_id: int) -> list[Window]:
        return list(self._of_guild.get(guild_id, ()))

    def stretch(self, window: Window, now_ms: int) -> Stretch | None:
        """The stretch that is open now or comes next; None when the window is over."""
        asked_ms, found = self._found.get(window.id, (now_ms + 1, None))
        passed = found is not None and found.until_ms is not None and found.until_ms <= now_ms
        if passed or now_ms < asked_ms:
            found = next_stretch(window, now_ms)
            self._found[window.id] = now_ms, found
        return found

    def covering(self, monitor: Monitor, now_ms: int) -> tuple[Window, Stretch] | None:
        """The open window that covers the monitor; of several, the one that lasts longest."""
        found = [
            (window, stretch)
            for window in self._of_guild.get(monitor.guild_id, ())
            if window.monitor_id in {None, monitor.id}
            and (stretch := self.stretch(window, now_ms)) is not None
            and stretch.holds(now_ms)
        ]
        return max(found, key=lambda pair: pair[1].until_ms or float("inf"), default=None)
