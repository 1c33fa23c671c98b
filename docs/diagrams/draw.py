#!/usr/bin/env python3
"""Draws inventory-architecture.toml as .drawio, .svg and .png.

    draw.py          writes the three beside the description
    draw.py --check  fails if one of them is not of the description as it is,
                     or if the description and the workspace name other crates

Only the standard library, and rsvg-convert for the .png.
"""

import hashlib
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from html import escape
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    from pip._vendor import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAME = "inventory-architecture"
MARK = b"Description"

# Fill and line of each colour that a description may name.
COLOURS = {
    "green": ("#eef7ee", "#7aa77a"),
    "blue": ("#ecf2fb", "#7a94bd"),
    "grey": ("#f3f3f3", "#a0a0a0"),
    "white": ("#ffffff", "#8a8a8a"),
    "outside": ("#fff6dd", "#c09a3a"),
    "daemon": ("#dce9f9", "#4a6fa5"),
    "owner": ("#e6e0f3", "#7a68a6"),
    "store": ("#dff0dc", "#5a8f52"),
    "pure": ("#fbe6dc", "#b8734c"),
}
INK, FONT = "#222222", "Helvetica, Arial, 'DejaVu Sans', sans-serif"
# A letter's width as a part of its height, a little more than it is.
LETTER, BOLD = 0.56, 0.64


@dataclass(frozen=True)
class Box:
    id: str
    text: str
    note: str
    crate: str
    x: int
    y: int
    w: int
    h: int
    colour: str

    def side(self, side, share):
        """The point on a side, `share` hundredths along it."""
        x, y = self.x + self.w * share / 100, self.y + self.h * share / 100
        return {
            "left": (self.x, y),
            "right": (self.x + self.w, y),
            "top": (x, self.y),
            "bottom": (x, self.y + self.h),
        }[side]


def box(table):
    x, y, w, h = table["at"]
    return Box(table["id"], table["text"], table.get("note", ""), table.get("crate", ""), x, y, w, h, table["colour"])


@dataclass(frozen=True)
class Picture:
    title: str
    width: int
    height: int
    areas: list
    parts: list
    arrows: list

    def part(self, id):
        return next(part for part in self.parts if part.id == id)

    def points(self, arrow):
        start = self.part(arrow["from"]).side(arrow["out"], arrow.get("out_at", 50))
        end = self.part(arrow["to"]).side(arrow["in"], arrow.get("in_at", 50))
        return [start, *map(tuple, arrow.get("by", [])), end]


def read(text):
    told = tomllib.loads(text)
    areas, parts = [box(one) for one in told["area"]], [box(one) for one in told["part"]]
    return Picture(told["title"], told["width"], told["height"], areas, parts, told["arrow"])


def number(value):
    return f"{value:g}"


# SVG


def svg(picture):
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width} {picture.height}"'
        f' width="{picture.width}" height="{picture.height}" font-family="{FONT}" fill="{INK}">',
        f"<title>{escape(picture.title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8"'
        f' orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="{INK}"/></marker></defs>',
        f'<rect width="{picture.width}" height="{picture.height}" fill="#ffffff"/>',
        words(picture.width / 2, 42, 22, picture.title, bold=True),
    ]
    for area in picture.areas:
        out.append(rectangle(area, 10, dashed=area.colour == "white"))
        out.append(words(area.x + 14, area.y + 26, 16, area.text, bold=True, anchor="start"))
    for arrow in picture.arrows:
        path = " L".join(f"{number(x)} {number(y)}" for x, y in picture.points(arrow))
        out.append(f'<path d="M{path}" fill="none" stroke="{INK}" stroke-width="1.6" marker-end="url(#tip)"/>')
    for part in picture.parts:
        middle, centre = part.x + part.w / 2, part.y + part.h / 2
        out.append(rectangle(part, 6))
        out.append(words(middle, centre - 3, 15, part.text, bold=True))
        out.append(words(middle, centre + 17, 12, part.note))
    for arrow in picture.arrows:
        if "text" in arrow:
            x, y = arrow["label"]
            width = len(arrow["text"]) * 12 * LETTER + 8
            out.append(
                f'<rect x="{number(x - width / 2)}" y="{number(y - 10)}" width="{number(width)}" height="18"'
                ' fill="#ffffff" fill-opacity="0.85"/>'
            )
            out.append(words(x, y + 3, 12, arrow["text"]))
    return "\n".join([*out, "</svg>", ""])


def rectangle(one, radius, dashed=False):
    fill, line = COLOURS[one.colour]
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<rect x="{one.x}" y="{one.y}" width="{one.w}" height="{one.h}" rx="{radius}"'
        f' fill="{fill}" stroke="{line}" stroke-width="1.5"{dash}/>'
    )


def words(x, y, size, text, bold=False, anchor="middle"):
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{size}"{weight} text-anchor="{anchor}">{escape(text)}</text>'


# draw.io


def drawio(picture):
    cells = [cell("title", escape(picture.title), TITLE_STYLE, (20, 15, picture.width - 40, 40))]
    for area in picture.areas:
        cells.append(cell(area.id, f"<b>{escape(area.text)}</b>", area_style(area), (area.x, area.y, area.w, area.h)))
    for part in picture.parts:
        text = f'<b>{escape(part.text)}</b><br><font style="font-size: 12px">{escape(part.note)}</font>'
        cells.append(cell(part.id, text, part_style(part), (part.x, part.y, part.w, part.h)))
    for at, arrow in enumerate(picture.arrows):
        cells.append(edge(picture, at, arrow))
    size = f'pageWidth="{picture.width}" pageHeight="{picture.height}"'
    return "\n".join(
        [
            '<mxfile host="draw.py">',
            f'<diagram id="{NAME}" name="{NAME}">',
            f'<mxGraphModel grid="1" gridSize="10" page="1" {size}>',
            "<root>",
            '<mxCell id="0"/>',
            '<mxCell id="1" parent="0"/>',
            *cells,
            "</root>",
            "</mxGraphModel>",
            "</diagram>",
            "</mxfile>",
            "",
        ]
    )


TITLE_STYLE = "text;html=1;align=center;verticalAlign=middle;fontSize=22;fontStyle=1;"


def area_style(area):
    fill, line = COLOURS[area.colour]
    dash = "dashed=1;" if area.colour == "white" else ""
    place = "align=left;verticalAlign=top;spacingLeft=10;spacingTop=6;fontSize=16;"
    return f"rounded=1;arcSize=2;html=1;{place}{dash}fillColor={fill};strokeColor={line};fontColor={INK};"


def part_style(part):
    fill, line = COLOURS[part.colour]
    return f"rounded=1;arcSize=8;whiteSpace=wrap;html=1;fontSize=15;fillColor={fill};strokeColor={line};fontColor={INK};"


def cell(id, value, style, at):
    x, y, w, h = at
    return (
        f'<mxCell id="{id}" value="{escape(value)}" style="{escape(style)}" vertex="1" parent="1">'
        f'<mxGeometry x="{x}" y="{y}" width="{w}" height="{h}" as="geometry"/></mxCell>'
    )


def edge(picture, at, arrow):
    def end(which, side, share):
        x, y = {"left": (0, share), "right": (1, share), "top": (share, 0), "bottom": (share, 1)}[side]
        return f"{which}X={number(x)};{which}Y={number(y)};{which}Dx=0;{which}Dy=0;"

    style = "html=1;rounded=0;endArrow=block;fontSize=12;labelBackgroundColor=#ffffff;"
    style += end("exit", arrow["out"], arrow.get("out_at", 50) / 100)
    style += end("entry", arrow["in"], arrow.get("in_at", 50) / 100)
    points = "".join(f'<mxPoint x="{x}" y="{y}"/>' for x, y in arrow.get("by", []))
    points = f'<Array as="points">{points}</Array>' if points else ""
    return (
        f'<mxCell id="arrow-{at}" value="{escape(escape(arrow.get("text", "")))}" style="{escape(style)}" edge="1"'
        f' parent="1" source="{arrow["from"]}" target="{arrow["to"]}">'
        f'<mxGeometry relative="1" as="geometry">{points}</mxGeometry></mxCell>'
    )


# PNG


def png(drawn, digest):
    command = ["rsvg-convert", "--format=png", "--zoom=1.5"]
    image = subprocess.run(command, input=drawn.encode(), stdout=subprocess.PIPE, check=True).stdout
    body = MARK + b"\0" + digest.encode()
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    # After the signature and the header, which has 25 bytes.
    return image[:33] + chunk + image[33:]


def digest_in(image):
    at = image.find(b"tEXt" + MARK + b"\0")
    start = at + 4 + len(MARK) + 1
    return image[start : start + 64].decode("ascii", "replace") if at >= 0 else ""


# Checks


def faults_of(picture):
    """What is wrong with the description, seen beside the workspace."""
    crates = set()
    for member in tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]:
        name = tomllib.loads((ROOT / member / "Cargo.toml").read_text())["package"]["name"]
        crates.add(name)
        if not member.startswith("tests/") and name not in {part.crate for part in picture.parts}:
            yield f"the workspace has {name}, the picture has not"
    for part in picture.parts:
        if part.crate and part.crate not in crates:
            yield f"{part.id} is of {part.crate}, which the workspace has not"
        if max(len(part.text) * 15 * BOLD, len(part.note) * 12 * LETTER) > part.w:
            yield f"the text of {part.id} is wider than it"
    for at, one in enumerate(picture.parts):
        for other in picture.parts[at + 1 :]:
            apart = one.x + one.w <= other.x or other.x + other.w <= one.x
            if not apart and one.y < other.y + other.h and other.y < one.y + one.h:
                yield f"{one.id} and {other.id} lie on each other"


def stale(made, digest):
    for ending, text in made.items():
        path = HERE / f"{NAME}.{ending}"
        if not path.is_file() or path.read_text() != text:
            yield f"{path.name} is not of the description as it is: ./dev diagrams"
    path = HERE / f"{NAME}.png"
    if not path.is_file() or digest_in(path.read_bytes()) != digest:
        yield f"{path.name} is not of the description as it is: ./dev diagrams"


def main():
    picture = read((HERE / f"{NAME}.toml").read_text())
    made = {"svg": svg(picture), "drawio": drawio(picture)}
    digest = hashlib.sha256(made["svg"].encode()).hexdigest()
    faults = list(faults_of(picture))
    if "--check" in sys.argv[1:]:
        faults += stale(made, digest)
    elif not faults:
        for ending, text in made.items():
            (HERE / f"{NAME}.{ending}").write_text(text)
        (HERE / f"{NAME}.png").write_bytes(png(made["svg"], digest))
    for fault in faults:
        print(f"diagrams: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
