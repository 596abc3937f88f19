"""Hold the pictures and Word files that come with the tables of a guide, each read once however many rows name it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.documents.guide.lines import nearest
from engine.documents.guide.packages import Bomb, Broken
from engine.documents.guide.pictures import PIXELS, NoPicture, TooManyPixels, make_anew
from engine.documents.guide.problems import Findings, Place
from engine.documents.guide.word import read_word
from engine.introduction import Picture

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
WORD_ENDINGS = (".docx", ".docm")


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it was handed over: its name without folders, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Spoilt:
    """Why a file cannot be used: a rule and what it tells besides."""

    rule: str
    more: str = ""


class Attachments:
    """The files that rows name, by name without regard to case."""

    def __init__(self, institution: str, files: Sequence[GivenFile]) -> None:
        self._institution = institution
        self._files = {file_key(one.name): one for one in files}
        self._used: set[str] = set()
        self._pictures: dict[str, Picture | _Spoilt] = {}
        self._words: dict[str, tuple[str, bool] | _Spoilt] = {}

    def picture(self, name: str, place: Place, findings: Findings) -> str:
        """Give our number of a picture that a row names, "" when it cannot be had."""
        given = self._named(name, place, "picture.missing", PICTURE_ENDINGS, findings)
        if given is None:
            return ""
        key = file_key(given.name)
        if key not in self._pictures:
            self._pictures[key] = self._make(given)
        made = self._pictures[key]
        if isinstance(made, Picture):
            return made.picture
        findings.add(made.rule, place, given.name, made.more)
        return ""

    def word(self, name: str, place: Place, findings: Findings) -> str:
        """Give the fragment of a Word file that a row names, "" when it cannot be had."""
        given = self._named(name, place, "word.missing", WORD_ENDINGS, findings)
        if given is None:
            return ""
        key = file_key(given.name)
        if key not in self._words:
            self._words[key] = _read(given)
        read = self._words[key]
        if isinstance(read, _Spoilt):
            findings.add(read.rule, place, given.name, read.more)
            return ""
        text, left_out = read
        if left_out:
            findings.add("word.left-out", place, given.name)
        return text

    def pictures(self) -> tuple[Picture, ...]:
        """List the pictures that rows named, each once."""
        made = {one.picture: one for one in self._pictures.values() if isinstance(one, Picture)}
        return tuple(made[number] for number in sorted(made))

    def tell_unused(self, findings: Findings) -> None:
        """Tell the files that no row names."""
        for key, given in self._files.items():
            if key not in self._used:
                findings.add("file.unused", Place(file=given.name), given.name)

    def _named(self, name: str, place: Place, missing: str, endings: tuple[str, ...], findings: Findings) -> GivenFile | None:
        key = file_key(name)
        self._used.add(key)
        given = self._files.get(key)
        if given is None or not given.name.lower().endswith(endings):
            known = [one.name for one in self._files.values() if one.name.lower().endswith(endings)]
            findings.add(missing, place, name, nearest(name, known))
            return None
        return given

    def _make(self, given: GivenFile) -> Picture | _Spoilt:
        try:
            return make_anew(self._institution, given.content)
        except NoPicture:
            return _Spoilt("picture.broken")
        except TooManyPixels:
            return _Spoilt("picture.large", f"{PIXELS // 10_000:,}")


def _read(given: GivenFile) -> tuple[str, bool] | _Spoilt:
    try:
        return read_word(given.content)
    except Broken:
        return _Spoilt("word.broken")
    except Bomb:
        return _Spoilt("file.bomb", "64 MiB")


def file_key(name: str) -> str:
    """Give a file's name as names are compared: without folders, composed, without regard to case."""
    plain = name.replace("\\", "/").rsplit("/", 1)[-1]
    return unicodedata.normalize("NFC", plain).strip().casefold()
