"""Where the steps of a run say how far they are. `crm build` draws it; elsewhere it goes unseen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Watcher = Callable[[str, int, int], None]
"""Called with the stage's name, what is done and what there is to do (0 where not known)."""

_watchers: list[Watcher] = []


def report(stage: str, done: int, total: int) -> None:
    """Tell whoever watches."""
    for watcher in _watchers:
        watcher(stage, done, total)


def stage(name: str) -> Watcher:
    """A watcher for work that names each of its steps: they all count towards one stage."""
    return lambda _step, done, total: report(name, done, total)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Have `watcher` told until the block ends."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
