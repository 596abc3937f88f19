"""Show our own Markdown (headings, paragraphs, lists, tables, code, links, anchors) as a page of HTML without script."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

Link = Callable[[str], str]
"""Give the address of what a page links to; "" when it is not served, then only the words are shown."""

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>.+?)\*\*|\[(?P<words>(?:\\.|[^\]\\])*)\]\((?P<to>[^)\s]+)\)"
    r'|<a id="(?P<id>[^"]*)"></a>|\\(?P<plain>[\\|*_\[\]`#])'
)
_HEADING = re.compile(r"(#{1,4}) +(.*)")
_ITEM = re.compile(r"(?:- |\d+\. )(.*)")
_BAR = re.compile(r"(?<!\\)\|")
_RULER = re.compile(r"[|:\- ]+")

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body{{font:15px/1.7 system-ui,"Microsoft YaHei","Noto Sans CJK SC",sans-serif;max-width:76rem;margin:2rem auto;padding:0 1.2rem;color:#222}}
h1{{font-size:1.5rem}}h2{{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccc}}h3{{font-size:1.02rem;margin-top:1.6rem}}
table{{border-collapse:collapse;width:100%;margin:.6rem 0}}
td,th{{text-align:left;vertical-align:top;padding:.3rem .5rem;border:1px solid #ddd;overflow-wrap:anywhere}}
td:first-child{{min-width:9rem}}
th{{background:#f3f5f7;white-space:nowrap}}tr:has(:target){{background:#fff3c4}}
td:has(>a:target){{box-shadow:inset 4px 0 #d08700}}
code,pre{{font-family:ui-monospace,Consolas,monospace;font-size:.88em}}td code{{overflow-wrap:anywhere}}
pre{{background:#f6f7f9;border:1px solid #ddd;padding:.7rem;overflow-x:auto;line-height:1.45}}
figure{{margin:.8rem 0}}figcaption{{font-size:.85em;color:#555}}a{{color:#0a58a8}}
@media print{{body{{margin:0;max-width:none;font-size:10pt}}a{{color:inherit;text-decoration:none}}
tr,pre{{break-inside:avoid}}h2,h3{{break-after:avoid}}thead{{display:table-header-group}}pre{{white-space:pre-wrap}}}}
</style></head>
<body>
{body}
</body></html>
"""


def show(markdown: str, link: Link) -> bytes:
    """Write the page in UTF-8; its title is the first heading."""
    lines = markdown.splitlines()
    first = next((found[2] for line in lines if (found := _HEADING.fullmatch(line))), "")
    return _PAGE.format(title=html.escape(_bare(first)), body="\n".join(_blocks(lines, link))).encode("utf-8")


def _bare(text: str) -> str:
    """Drop the markup of a heading."""
    return _INLINE.sub(lambda found: found["code"] or found["bold"] or found["words"] or found["plain"] or "", text)


def _blocks(lines: list[str], link: Link) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif found := _HEADING.fullmatch(line):
            level = len(found[1])
            yield f"<h{level}>{_inline(found[2], link)}</h{level}>"
            at += 1
        else:
            take = _fence if line.startswith("```") else _table if line.startswith("|") else _paragraph
            take = _list if _ITEM.match(line) else take
            block, at = take(lines, at, link)
            yield block


def _fence(lines: list[str], at: int, link: Link) -> tuple[str, int]:
    """Take a block of code; its second word names the file that it is a piece of."""
    end = next(n for n in range(at + 1, len(lines)) if lines[n].startswith("```"))
    code = html.escape("\n".join(lines[at + 1 : end]))
    _, _, source = lines[at].partition(" ")
    caption = f"<figcaption>{_anchor(source, html.escape(source), link)}</figcaption>" if source else ""
    return f"<figure>{caption}<pre><code>{code}</code></pre></figure>", end + 1


def _table(lines: list[str], at: int, link: Link) -> tuple[str, int]:
    end = next((n for n in range(at, len(lines)) if not lines[n].startswith("|")), len(lines))
    head, *rows = (_cells(line) for line in lines[at:end] if not _RULER.fullmatch(line))
    shown = "\n".join(_row(row, "td", link) for row in rows)
    return f"<table><thead>{_row(head, 'th', link)}</thead>\n<tbody>{shown}</tbody></table>", end


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(line.strip())[1:-1]]


def _row(cells: list[str], tag: str, link: Link) -> str:
    return "<tr>" + "".join(f"<{tag}>{_inline(cell, link)}</{tag}>" for cell in cells) + "</tr>"


def _list(lines: list[str], at: int, link: Link) -> tuple[str, int]:
    """Take a list; lines that are indented belong to the item before."""
    tag, items = "ul" if lines[at].startswith("- ") else "ol", []
    while at < len(lines) and lines[at].strip():
        found = _ITEM.match(lines[at])
        if found:
            items.append(found[1])
        else:
            items[-1] += " " + lines[at].strip()
        at += 1
    shown = "".join(f"<li>{_inline(item.replace('[ ]', '☐', 1), link)}</li>" for item in items)
    return f"<{tag}>{shown}</{tag}>", at


def _paragraph(lines: list[str], at: int, link: Link) -> tuple[str, int]:
    end = next((n for n in range(at, len(lines)) if not lines[n].strip() or lines[n].startswith(("```", "|", "#"))), len(lines))
    end = max(end, at + 1)
    return f"<p>{_inline(_joined(lines[at:end]), link)}</p>", end


def _joined(lines: list[str]) -> str:
    """Join the lines of a paragraph: no blank between Chinese ones."""
    text = lines[0]
    for line in lines[1:]:
        text += line if not (text[-1].isascii() and line[0].isascii()) else f" {line}"
    return text


def _inline(text: str, link: Link) -> str:
    out, at = [], 0
    for found in _INLINE.finditer(text):
        out.append(_plain(text[at : found.start()]))
        out.append(_marked(found, link))
        at = found.end()
    return "".join(out) + _plain(text[at:])


def _plain(text: str) -> str:
    return html.escape(html.unescape(text), quote=False)


def _marked(found: re.Match[str], link: Link) -> str:
    if found["code"] is not None:
        code = found["code"].replace("\\|", "|")
        return f"<code>{html.escape(code)}</code>"
    if found["bold"] is not None:
        return f"<strong>{_inline(found['bold'], link)}</strong>"
    if found["words"] is not None:
        return _anchor(found["to"], _inline(found["words"], link), link)
    if found["id"] is not None:
        return f'<a id="{html.escape(found["id"])}"></a>'
    return html.escape(found["plain"])


def _anchor(to: str, words: str, link: Link) -> str:
    address = link(to)
    return f'<a href="{html.escape(address)}">{words}</a>' if address else words
