"""Hold the XPath 1.0 behind the words of the rule tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.identity import LETTERS, WEIGHTS

_DIGITS = "substring-before(concat(translate(@value,'+','-'),'-'),'-')"
"""A time without its zone."""

_ZONE = "substring-after(translate(@value,'+','-'),'-')"
"""The zone of a time without its sign, hhmm; nothing is further than 14 hours from Greenwich."""

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714: the weights of the first 8 characters of an organisation code."""

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100: what a unified social credit code is made of, by value."""

TEXT_LENGTH = "string-length(normalize-space(.))"
DIGITS = "string-length(translate(@value,'+-.',''))"
FILLED_VALUE = "@value or @code or @nullFlavor or * or normalize-space(.)"


def longest(form: str) -> int:
    """Give the upper length of a WS 363 format: AN..50 is 50, N3..5 is 5, AN18 is 18."""
    return int(form.rpartition("..")[2] or 0) if ".." in form else int(form.lstrip("ADNT") or 0)


def filled(path: str) -> str:
    """Hold when the path is there and not blank; an element or its owner may carry a nullFlavor instead."""
    owner, _, attribute = path.rpartition("/@")
    if attribute and owner:
        return f"{owner}[{_inked(f'@{attribute}')} or @nullFlavor]"
    return f"{path}[{_inked('.')} or @nullFlavor]"


def _inked(text: str) -> str:
    """Hold when a text has more than blanks; the blank of Chinese width and the one that does not break are blanks too."""
    return f"normalize-space(translate({text},'\u3000\u00a0',''))"


def checksum(_argument: str) -> str:
    """Hold when @extension is no 18-digit identity number or its last character is right (GB 11643)."""
    total = "+".join(f"{weight}*substring(@extension,{place},1)" for place, weight in enumerate(WEIGHTS, start=1))
    numeric = "translate(substring(@extension,1,17),'0123456789','')=''"
    right = f"substring('{LETTERS}',({total}) mod 11+1,1)=translate(substring(@extension,18,1),'x','X')"
    return f"not(string-length(@extension)=18 and {numeric}) or {right}"


def organisation(_argument: str) -> str:
    """Hold when @extension is no organisation code of 8 digits and one character or that character is right (GB 11714)."""
    code = "translate(@extension,'-','')"
    weights = enumerate(_ORGANISATION_WEIGHTS, start=1)
    total = "+".join(f"{weight}*substring({code},{place},1)" for place, weight in weights)
    right = f"substring('0X987654321',({total}) mod 11+1,1)=substring({code},9,1)"
    return f"not(string-length({code})=9 and {_made_of(f'substring({code},1,8)', '0123456789')}) or {right}"


def credit(_argument: str) -> str:
    """Hold when @extension is no unified social credit code or its last character is right (GB 32100)."""
    values = [_place_of(f"substring(@extension,{place},1)", _CREDIT) for place in range(1, 18)]
    total = "+".join(f"{pow(3, order, 31)}*{value}" for order, value in enumerate(values))
    right = f"substring('{_CREDIT}',(31-({total}) mod 31) mod 31+1,1)=substring(@extension,18,1)"
    return f"not(string-length(@extension)=18 and {_made_of('@extension', _CREDIT)}) or {right}"


def _place_of(character: str, letters: str) -> str:
    return f"string-length(substring-before('{letters}',{character}))"


def _made_of(text: str, letters: str) -> str:
    return f"translate({text},'{letters}','')=''"


def age(_argument: str) -> str:
    """Hold when an age in years is within one year of what birth and document time give, or either is unknown."""
    written, born = "/hl7:ClinicalDocument/hl7:effectiveTime/@value", "../hl7:birthTime/@value"
    known = f"@unit='岁' and string-length({written})>=8 and string-length({born})>=8"
    years = f"floor((substring({written},1,8) - substring({born},1,8)) div 10000)"
    return f"not({known}) or ({years} - @value<=1 and @value - {years}<=1)"


ELEMENT_TESTS: Mapping[str, Callable[[str], str]] = {
    "present": lambda path: path,
    "filled": filled,
    "xpath": lambda test: test,
    "checksum": checksum,
    "organisation": organisation,
    "credit": credit,
    "age": age,
}
"""What `check` of elements.csv may say, besides `code` and `format`."""


def at_most(length: str, limit: int) -> str:
    """Hold when a text or the digits of a number are not longer than the limit; the shorter question is asked first."""
    if length == TEXT_LENGTH:
        return f"string-length(.)<={limit} or {length}<={limit}"
    return f"string-length(@value)<={limit} or @xsi:type='TS' or @xsi:type='BL' or {length}<={limit}"


def one_of(place: str, values: Sequence[str]) -> str:
    """Hold when the text at a place is one of these; several are asked for at once."""
    if len(values) == 1:
        return f"{place}='{values[0]}'"
    return f"contains('|{'|'.join(values)}|',concat('|',{place},'|'))"


def has_type(names: str) -> str:
    """Hold when xsi:type is one of the names, under any prefix."""
    first = names.split(maxsplit=1)[0]
    local = "concat(' ',normalize-space(@xsi:type),' ')"
    behind = "concat(' ',substring-after(normalize-space(@xsi:type),':'),' ')"
    return f"@xsi:type='{first}' or contains(' {names} ',{local}) or contains(' {names} ',{behind})"


def in_order(earlier: str, later: str) -> str:
    """Hold when one time is not after another; what a time leaves out is taken in its favour, a missing time passes."""
    first = f"substring(concat({earlier},'00000000000000'),1,14)"
    second = f"substring(concat({later},'99999999999999'),1,14)"
    return f"not({first}>{second})"


def has_entry(element: str, section: str = "") -> str:
    """Hold when this section, or one that `section` recognises, has a filled observation of the element."""
    filled_one = f"hl7:observation[hl7:code/@code='{element}']/hl7:value[{FILLED_VALUE}]"
    if section:
        good = f"[{FILLED_VALUE}][ancestor::hl7:section[{section}]]"
        return f"key('value','{element}')[1]{good} or hl7:entry/{filled_one} or key('value','{element}'){good}"
    return f"hl7:entry/{filled_one} or hl7:entry/*/*/{filled_one} or .//{filled_one}"


def _plain(tail: str) -> str:
    """Hold for a time of so many digits, without zone or fraction, whose parts are all in bounds.

    The grammar lets only digits, a point and a zone through, so a text of that length whose number has as many digits is made of
    digits alone. What is rare (the last days of a month, a year before 1000) is left to the longer question.
    """
    length = 8 + len(tail)
    parts = [
        f"string-length(@value)={length}",
        f"@value>={10 ** (length - 1)}",
        f"contains('{_numbers(12)}',substring(@value,5,2))",
        f"contains('{_numbers(28)}',substring(@value,7,2))",
    ]
    if tail:
        parts += ["@value mod 1000000<240000", "@value mod 10000<6000", "@value mod 100<60"]
    return " and ".join(parts)


def _numbers(last: int) -> str:
    return " ".join(f"{number:02}" for number in range(1, last + 1))


def _real_moment() -> str:
    year, month, day = f"number(substring({_DIGITS},1,4))", "substring(@value,5,2)", f"substring({_DIGITS},7,2)"
    leap = f"({year} mod 4=0 and ({year} mod 100!=0 or {year} mod 400=0))"
    parts = (
        f"string-length(substring-before(concat({_DIGITS},'.'),'.')) mod 2=0",
        f"not({month}='00' or {month}>12)",
        f"not({day}='00' or {day}>substring('312931303130313130313031',2*{month}-1,2))",
        f"(not(substring({_DIGITS},5,4)='0229') or {leap})",
        f"not(substring({_DIGITS},9,2)>23 or substring({_DIGITS},11,2)>59 or substring({_DIGITS},13,2)>59)",
        f"not({_ZONE}>1400 or substring({_ZONE},3,2)>59)",
    )
    plain = " or ".join(f"({_plain(tail)})" for tail in ("hhmmss", ""))
    return f"({plain}) or not(@value) or (" + " and ".join(parts) + ")"


REAL_MOMENT = _real_moment()
"""Hold when @value is a date (and time) that exists."""
