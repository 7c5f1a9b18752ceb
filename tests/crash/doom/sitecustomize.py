"""Python's own start-up hook: first on a process tree's PYTHONPATH, it lets one process of it die.

Python announces what it is about to do to files. Where the announcement is the one that DOOM waits
for, a process gets SIGKILL, before it is done. Nothing else is changed, and the project knows
nothing of it. DOOM is JSON with these keys:

- `mark`: a file that is made when the time has come; once it is there nobody dies again
- `process`: the name of the program that must announce it, or none for any
- `path`: a pattern of the path that is about to be changed
- `number`: die at this announcement that fits, counted from 1 and per process; 0 only counts them
- `seconds`: and so long after it
- `victim`: `self`, `parent` or `group`: who dies
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

DOOM = json.loads(os.environ.get("DOOM", "null"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Which of an event's arguments is the path that will be changed.
_CHANGED = {
    "open": 0,
    "os.mkdir": 0,
    "os.remove": 0,
    "os.rename": 1,
    "os.rmdir": 0,
    "os.symlink": 1,
    "shutil.copyfile": 1,
}
_found = 0


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    global _found
    if event not in _CHANGED or (event == "open" and not (arguments[2] or 0) & _WRITING):
        return
    path = arguments[_CHANGED[event]]
    if isinstance(path, int) or not re.search(DOOM["path"], os.fsdecode(path)):
        return
    process = Path(sys.argv[0]).name if getattr(sys, "argv", None) else ""
    if DOOM["process"] not in (None, process):
        return
    _found += 1
    if _found == DOOM["number"] and not os.path.exists(DOOM["mark"]):  # noqa: PTH110 - no imports here
        told = {"event": event, "path": os.fsdecode(path), "pid": os.getpid(), "process": process}
        threading.Timer(DOOM["seconds"], _die, [told]).start() if DOOM["seconds"] else _die(told)


def _die(told: dict[str, Any]) -> None:
    with open(DOOM["mark"], "x", encoding="utf-8") as mark:  # noqa: PTH123 - no imports here
        json.dump(told, mark)
    if DOOM["victim"] == "group":
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid() if DOOM["victim"] == "self" else os.getppid(), signal.SIGKILL)


def _count() -> None:
    if _found:
        told = json.dumps({"process": Path(sys.argv[0]).name, "found": _found})
        with open(DOOM["mark"], "a", encoding="utf-8") as mark:  # noqa: PTH123
            mark.write(told + "\n")


if DOOM is not None:
    sys.addaudithook(_watch)
    if DOOM["number"] == 0:
        atexit.register(_count)
