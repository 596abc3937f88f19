"""Show what is walked to the supervisor, and know the documents that are walked no more."""

from __future__ import annotations

from engine.inhand.board import Board, Place
from engine.inhand.deaths import Deaths


class Vigil:
    """One place of a process where documents are walked one after another, named by the SHA-256 of their XML.

    The XML, since whoever packs a document again packs it into other bytes: GZIP carries the time.
    """

    def __init__(self, place: Place, board: Board, deaths: Deaths | None) -> None:
        self._place = place
        self._board = board
        self._deaths = deaths

    def forbids(self, digest: bytes) -> bool:
        """Tell whether a document was in hand at three deaths of a process; it is then not to be walked."""
        return self._deaths is not None and self._deaths.holds(digest)

    def walk(self, digest: bytes) -> Vigil:
        """Show a document on the board until the context that this opens is over; a generator would cost twice as much."""
        self._board.begin(self._place, digest)
        return self

    def __enter__(self) -> None:
        """Go on with the walk that was begun."""

    def __exit__(self, *_: object) -> None:
        """End the walk, however it ended."""
        self._board.over(self._place)

    def step(self) -> None:
        """Show that the walk has come one step further: a large document may take long, one step of it may not."""
        self._board.renew(self._place)
