"""Draws the golden pictures for reading text, and writes the true text and quads of all of them to `ocr/gt.jsonl`.

Needs the lab's environment (Pillow, OpenCV and NumPy at the versions of lab/requirements.lock) and the DejaVu fonts
2.37 (Debian package fonts-dejavu-core). The same versions draw the same bytes; `--check` compares with the committed
ones. Photographs in the same folder are not drawn: ocr/SOURCES.md says where they come from, `ocr/photographs.jsonl`
what they say.

    python tests/golden/make_golden.py [--check] [--fonts DIR]
"""

import argparse
import hashlib
import io
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FOLDER = Path(__file__).parent / "ocr"
FONTS = {
    "sans": ("DejaVuSans.ttf", "abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322"),
    "bold": ("DejaVuSans-Bold.ttf", "0d977336a6d5fba34eab8e3199eb218327161b5143749f802982c2bc34df0c96"),
    "serif": ("DejaVuSerif.ttf", "13e61509f5c81d7c3132810f4f903e3523df89c802bf6e0674621e8f659cdfe1"),
    "mono": ("DejaVuSansMono.ttf", "0f5db4f1749979d961019838b160bec74abdf7f9eca69553fe1aa856bbff49a4"),
}

Color = tuple[int, int, int]


class Fonts:
    """The DejaVu fonts, at one version."""

    def __init__(self, folder: Path) -> None:
        self.paths = {name: folder / file for name, (file, _) in FONTS.items()}
        for name, (file, digest) in FONTS.items():
            if hashlib.sha256(self.paths[name].read_bytes()).hexdigest() != digest:
                sys.exit(f"{file} is not of DejaVu 2.37: the pictures would differ")

    def get(self, name: str, size: int) -> ImageFont.FreeTypeFont:
        """A font at a size in pixels."""
        return ImageFont.truetype(self.paths[name], size, layout_engine=ImageFont.Layout.BASIC)


@dataclass
class Sheet:
    """A picture that remembers what is written on it and where."""

    fonts: Fonts
    image: Image.Image
    lines: list[tuple[str, np.ndarray]] = field(default_factory=list)

    def write(self, text: str, at: tuple[int, int], font: str, size: int, color: Color) -> "Sheet":
        """Write one line; `at` is its top left corner."""
        draw = ImageDraw.Draw(self.image)
        face = self.fonts.get(font, size)
        draw.text(at, text, font=face, fill=color)
        indent = draw.textlength(text, font=face) - draw.textlength(text.lstrip(), font=face)
        text, at = text.lstrip(), (at[0] + round(indent), at[1])
        left, top, right, bottom = draw.textbbox(at, text, font=face)
        self.lines.append((text, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)))
        return self

    def warp(self, matrix: np.ndarray, size: tuple[int, int], behind: Color | Image.Image) -> "Sheet":
        """Put the sheet in perspective (3x3 matrix) on a colour or a picture of `size`."""
        pixels = np.asarray(self.image)
        warped = cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_AREA)
        mask = cv2.warpPerspective(np.full(pixels.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
        ground = behind if isinstance(behind, Image.Image) else Image.new("RGB", size, behind)
        image = Image.composite(Image.fromarray(warped), ground, Image.fromarray(mask))
        lines = [(t, cv2.perspectiveTransform(quad[None], matrix)[0]) for t, quad in self.lines]
        return Sheet(self.fonts, image, lines)

    def rotate(self, degrees: float, size: tuple[int, int], behind: Color) -> "Sheet":
        """Turn the sheet counter-clockwise about its middle, in the middle of a picture of `size`."""
        width, height = self.image.size
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        turn[:, 2] += [(size[0] - width) / 2, (size[1] - height) / 2]
        return self.warp(np.vstack([turn, [0, 0, 1]]), size, behind)

    def age(self, *, blur: float, noise: float, seed: int) -> "Sheet":
        """Blur (radius in pixels), then add noise (standard deviation in grey levels)."""
        pixels = np.asarray(self.image.filter(ImageFilter.GaussianBlur(blur)), np.float64)
        pixels = pixels + np.random.default_rng(seed).normal(0, noise, pixels.shape)
        return Sheet(self.fonts, Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)), self.lines)


def sheet(fonts: Fonts, size: tuple[int, int], color: Color) -> Sheet:
    """An empty sheet."""
    return Sheet(fonts, Image.new("RGB", size, color))


def wall(size: tuple[int, int], seed: int) -> Image.Image:
    """A brick wall, darker towards the bottom."""
    image = Image.new("RGB", size, (120, 84, 70))
    draw = ImageDraw.Draw(image)
    tones = np.random.default_rng(seed).integers(-14, 15, size=(size[1] // 24 + 1, size[0] // 60 + 2))
    for row, line in enumerate(tones.tolist()):
        for column, tone in enumerate(line):
            x, y = column * 60 - 30 * (row % 2), row * 24
            shade = 1 - 0.4 * y / size[1]
            color = tuple(round(c * shade) for c in (158 + tone, 96 + tone, 78 + tone))
            draw.rectangle((x + 1, y + 1, x + 57, y + 21), fill=color)
    return image


def street_sign(fonts: Fonts) -> Sheet:
    """A sign seen from the side, with sensor noise."""
    sign = sheet(fonts, (520, 230), (20, 92, 60))
    ImageDraw.Draw(sign.image).rectangle((8, 8, 511, 221), outline=(240, 244, 240), width=6)
    sign.write("MAPLE STREET", (40, 40), "bold", 52, (240, 244, 240))
    sign.write("City Museum 350 m", (42, 132), "sans", 44, (240, 244, 240))
    source = np.array([[0, 0], [520, 0], [520, 230], [0, 230]], np.float32)
    target = np.array([[96, 96], [560, 164], [548, 356], [104, 342]], np.float32)
    size = (640, 480)
    return sign.warp(cv2.getPerspectiveTransform(source, target), size, wall(size, 5)).age(blur=0.9, noise=7, seed=11)


RECEIPT = [
    ["CORNER BAKERY"],
    ["12 Harbour Road"],
    ["2026-03-14 08:41"],
    [],
    ["2 Croissant", " 5.20"],
    ["1 Rye bread", " 3.95"],
    ["3 Coffee", " 8.40"],
    ["1 Orange juice", " 2.75"],
    [],
    ["TOTAL EUR", "20.30"],
    ["CASH", "25.00"],
    ["CHANGE", " 4.70"],
    [],
    ["Thank you!"],
]


def receipt(fonts: Fonts) -> Sheet:
    """A till receipt, a little turned."""
    paper = sheet(fonts, (420, 640), (244, 242, 236))
    for index, row in enumerate(RECEIPT):
        for column, cell in zip((32, 286), row, strict=False):
            paper.write(cell, (column, 34 + 42 * index), "mono", 28, (52, 50, 58))
    return paper.rotate(-2.5, (480, 700), (116, 108, 100)).age(blur=0.7, noise=5, seed=12)


def rotated_label(fonts: Fonts) -> Sheet:
    """A parcel label turned by 24 degrees."""
    label = sheet(fonts, (430, 200), (250, 248, 240))
    ImageDraw.Draw(label.image).rectangle((3, 3, 426, 196), outline=(190, 30, 36), width=5)
    label.write("FRAGILE", (118, 24), "bold", 48, (190, 30, 36))
    label.write("Handle with care", (76, 94), "sans", 34, (30, 30, 34))
    label.write("No. 4718-X", (126, 146), "mono", 28, (30, 30, 34))
    return label.rotate(24, (560, 440), (176, 142, 104)).age(blur=0.6, noise=4, seed=13)


LEFT_COLUMN = [
    "The harbour was quiet",
    "when the ferry came in.",
    "Two men waited on the",
    "pier with a wooden box",
    "between them.",
]
RIGHT_COLUMN = [
    "Nobody asked what was",
    "inside. The captain gave",
    "a short nod, and the",
    "engine fell silent for",
    "the night.",
]


def two_columns(fonts: Fonts) -> Sheet:
    """A page with a title over two columns, which must not be read across."""
    page = sheet(fonts, (840, 420), (252, 250, 244))
    page.write("Chapter Three", (292, 30), "serif", 38, (24, 24, 28))
    for x, column in ((60, LEFT_COLUMN), (450, RIGHT_COLUMN)):
        for index, line in enumerate(column):
            page.write(line, (x, 120 + 50 * index), "serif", 27, (24, 24, 28))
    return page.age(blur=0.4, noise=1, seed=14)


def vertical(fonts: Fonts) -> Sheet:
    """A hotel sign that reads downwards, beside a line that does not."""
    front = sheet(fonts, (360, 480), (206, 212, 220))
    strip = sheet(fonts, (408, 84), (26, 30, 90)).write("GRAND HOTEL", (24, 14), "bold", 46, (250, 220, 90))
    down = np.array([[0, -1, 136], [1, 0, 36], [0, 0, 1]], np.float64)
    strip = strip.warp(down, (360, 480), front.image)
    return strip.write("OPEN 24 h", (164, 210), "sans", 34, (40, 40, 46)).age(blur=0.5, noise=3, seed=15)


def low_contrast(fonts: Fonts) -> Sheet:
    """Grey text on grey, 24 levels apart."""
    plate = sheet(fonts, (560, 240), (134, 136, 138))
    plate.write("Emergency exit", (60, 50), "sans", 50, (158, 160, 162))
    plate.write("Keep clear", (60, 136), "sans", 50, (110, 112, 114))
    return plate.age(blur=0.6, noise=3, seed=16)


def empty(fonts: Fonts) -> Sheet:
    """A landscape of hills and a sun: nothing to read."""
    scene = sheet(fonts, (480, 320), (150, 190, 226))
    draw = ImageDraw.Draw(scene.image)
    draw.ellipse((350, 36, 410, 96), fill=(250, 226, 130))
    hills = ((90, 420, 240, (92, 140, 84)), (330, 470, 270, (72, 118, 70)), (500, 430, 190, (58, 98, 62)))
    for x, y, r, color in hills:
        draw.ellipse((x - r, y - r, x + r, y + r), fill=color)
    return scene.age(blur=1.2, noise=4, seed=17)


PICTURES = {
    "street-sign.jpg": street_sign,
    "receipt.jpg": receipt,
    "rotated-label.jpg": rotated_label,
    "two-columns.png": two_columns,
    "vertical.jpg": vertical,
    "low-contrast.png": low_contrast,
    "empty.jpg": empty,
}


def encode(name: str, image: Image.Image) -> bytes:
    """The picture in the format its name says."""
    buffer = io.BytesIO()
    if name.endswith(".jpg"):
        image.save(buffer, "JPEG", quality=88, subsampling=0)
    else:
        image.convert("L").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def truth(name: str, drawn: Sheet) -> str:
    """One line of `gt.jsonl`."""
    regions = [{"text": text, "quad": quad.round(1).tolist()} for text, quad in drawn.lines]
    width, height = drawn.image.size
    return json.dumps({"image": name, "width": width, "height": height, "regions": regions}, ensure_ascii=False)


def make(fonts: Fonts) -> dict[str, bytes]:
    """Every file of the folder that this script writes."""
    files: dict[str, bytes] = {}
    lines: list[str] = []
    for name, draw in PICTURES.items():
        drawn = draw(fonts)
        files[name] = encode(name, drawn.image)
        lines.append(truth(name, drawn))
    lines += (FOLDER / "photographs.jsonl").read_text(encoding="utf-8").splitlines()
    files["gt.jsonl"] = ("\n".join(lines) + "\n").encode()
    return files


def main() -> int:
    """Write the files, or compare them with those on disk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts/truetype/dejavu"), help="DejaVu fonts")
    options = parser.parse_args()
    files = make(Fonts(options.fonts))
    if options.check:
        stale = [name for name, data in files.items() if (FOLDER / name).read_bytes() != data]
        for name in stale:
            sys.stderr.write(f"{name} is not what this script draws\n")
        return 1 if stale else 0
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
