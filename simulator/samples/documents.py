"""Documents made when they are needed: an invoice as PDF with real text, a price list, an order list, a letter."""

from __future__ import annotations

import io
import zipfile

_PAGE = (595, 842)
_LINES = (
    ("Norte Cargo 2, frame M, petrol", "1", "3 290.00"),
    ("Front box, oak", "1", "340.00"),
    ("Hydraulic disc brakes, rear", "1", "118.50"),
    ("Fitting and first service", "1", "65.00"),
)
_TERMS = (
    "Please pay within 14 days to the account below, naming the invoice number.",
    "The frame has a warranty of five years from the day of delivery; brake pads,",
    "tyres and chains wear out and are excluded. A damaged delivery must be",
    "reported within three days, with pictures of the box from all sides.",
)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _text(x: float, y: float, size: float, text: str, *, bold: bool = False) -> str:
    return f"BT /{'B' if bold else 'F'} {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET"


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f"{colour} rg {x} {y} {width} {height} re f 0.12 0.11 0.1 rg"


def _first_page(number: str) -> list[str]:
    rows = [
        _rectangle(56, 770, 120, 16, "0.18 0.44 0.45"),
        _text(56, 742, 20, "Invoice " + number, bold=True),
        _text(56, 722, 10, "Norte Bicycles, Rua do Alecrim 40, 1200-018 Lisboa"),
        _text(400, 742, 10, "20 November 2026"),
        _text(56, 672, 11, "Amara Okafor"),
        _text(56, 657, 11, "Rua do Alecrim 12, 1200-018 Lisboa"),
        _rectangle(56, 606, 483, 22, "0.93 0.92 0.9"),
        _text(64, 613, 10, "Item", bold=True),
        _text(360, 613, 10, "Quantity", bold=True),
        _text(470, 613, 10, "EUR", bold=True),
    ]
    for row, (item, quantity, price) in enumerate(_LINES):
        y = 580 - row * 26
        rows += [_text(64, y, 11, item), _text(376, y, 11, quantity), _text(470, y, 11, price)]
        rows.append(_rectangle(56, y - 9, 483, 0.6, "0.85 0.83 0.8"))
    return [*rows, _text(376, 462, 12, "Total", bold=True), _text(470, 462, 12, "3 813.50", bold=True)]


def _pages(number: str) -> list[list[str]]:
    terms = [_text(56, 742, 16, "Terms", bold=True)]
    terms += [_text(56, 712 - 18 * row, 11, line) for row, line in enumerate(_TERMS)]
    delivery = [
        _text(56, 742, 16, "Delivery", bold=True),
        _text(56, 712, 11, "One box, 148 x 80 x 32 cm, 31.4 kg. Carrier: Transportes Tejo."),
        _rectangle(56, 420, 300, 240, "0.84 0.67 0.45"),
        _rectangle(196, 420, 20, 240, "0.91 0.83 0.67"),
        _text(56, 396, 10, "The box as it left us."),
    ]
    return [_first_page(number), terms, delivery]


def invoice(number: str = "NC2-40817") -> bytes:
    """A PDF of three pages whose text can be read by programs."""
    pages = _pages(number)
    first = 5  # 1 catalogue, 2 page tree, 3 and 4 fonts
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        font.format("Helvetica"),
        font.format("Helvetica-Bold"),
    ]
    for n, rows in enumerate(pages):
        footer = _text(270, 40, 9, f"Page {n + 1} of {len(pages)}")
        content = "\n".join(["0.12 0.11 0.1 rg", *rows, footer])
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_PAGE[0]} {_PAGE[1]}] /Contents {first + 2 * n + 1} 0 R"
            " /Resources << /Font << /F 3 0 R /B 4 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _pdf(objects)


def _pdf(objects: list[str]) -> bytes:
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for n, body in enumerate(objects, start=1):
        offsets.append(file.tell())
        file.write(f"{n} 0 obj\n{body}\nendobj\n".encode("cp1252"))
    table = file.tell()
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    file.write(f"xref\n0 {count}\n0000000000 65535 f \n{entries}".encode())
    file.write(f"trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode())
    return file.getvalue()


def orders() -> bytes:
    """A CSV of orders, with letters beyond ASCII and a cell that a spreadsheet would take for a formula."""
    rows = [
        "order;customer;item;price",
        "40817;Amara Okafor;Norte Cargo 2;3290,00",
        "40818;Lucía Álvarez;Campainha de latão;18,50",
        "40819;陳美玲;煞車片;24,00",
        '40820;يوسف الحداد;"=SUM(D2:D4)";0,00',
    ]
    return "\r\n".join(rows).encode("utf-8-sig") + b"\r\n"


def letter() -> bytes:
    """A Word document of two paragraphs."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    paragraphs = ("Dear Norte team,", "the box arrived with a hole in one corner, and the frame has a scratch.")
    text = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in paragraphs)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{text}</w:body></w:document>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{content}')
    return file.getvalue()
