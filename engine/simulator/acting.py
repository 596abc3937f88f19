"""Act beside the engine on a thread of one's own, as the demo's people do, until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from engine.errors import SenderError
from engine.simulator.calling import Unreached

Say = Callable[[str], None]


class Actor:
    """One who acts; `about` begins each line it says."""

    def __init__(self, about: str, say: Say) -> None:
        self._about = about
        self._out = say
        self._over = Event()
        self._thread = Thread(target=self._run, name=f"simulated-{about}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call in hand."""
        self._over.set()
        self._thread.join()

    def act(self) -> None:
        """Do all there is to do; to be written by each actor."""
        raise NotImplementedError

    def _run(self) -> None:
        self._try(self.act)

    def _say(self, words: str) -> None:
        self._out(f"{self._about}: {words}")

    def _try(self, act: Callable[[], None]) -> None:
        """Do something; what goes wrong is said, and ends it."""
        try:
            act()
        except (OSError, SenderError, Unreached) as problem:
            self._say(f"{type(problem).__name__}: {problem}")

    def _wait(self, done: Callable[[], bool], looks: int, pause: float) -> bool:
        """Look again and again until it is so; false when it did not become so, or the actor is told to stop."""
        for _ in range(looks):
            if done():
                return True
            if self._over.wait(pause):
                return False
        return False
