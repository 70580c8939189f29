"""Documents as office programs and mail programs save them, made here."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

import docx
from docx.enum.text import WD_BREAK

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def packed(members: dict[str, str | bytes]) -> bytes:
    """A ZIP file of these members; one called "mimetype" stands first and uncompressed, as OpenDocument wants it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def word() -> bytes:
    """Two pages: a heading, a sentence and a list; then a table."""
    document = docx.Document()
    document.add_heading("Offer 4711", level=1)
    document.add_paragraph("For Amara Okafor: a Norte Cargo 2.\nDelivered in May.")
    document.add_paragraph("Lights", style="List Bullet")
    document.add_paragraph("").add_run().add_break(WD_BREAK.PAGE)
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Part", "Price"), ("Frame <b>", "1.490 €")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def sheets() -> bytes:
    """An .xlsx with two sheets."""
    return sheet(second=[["Helmet", 59]], second_name="Extras")


def sheet(
    rows: list[list[str | float]] | None = None,
    *,
    hidden: bool = False,
    second: list[list[str | float]] | None = None,
    second_name: str = "Empty",
) -> bytes:
    """An .xlsx with one sheet called "Orders", and a second one that is empty."""
    rows = rows or [["Order", "Pieces", "Price"], ["NC2-40817", 3, 1490.5], ["=1+1", "", "é"]]
    state = ' state="hidden"' if hidden else ""
    return packed(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
            "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
            f' xmlns:r="{_OFFICE}/relationships"><sheets><sheet name="Orders" sheetId="1"{state} r:id="rId1"/>'
            f'<sheet name="{second_name}" sheetId="2" r:id="rId2"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": "<Relationships"
            ' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{_OFFICE}/relationships/worksheet" Target="worksheets/sheet2.xml"/>'
            "</Relationships>",
            "xl/worksheets/sheet1.xml": _xlsx_sheet(rows),
            "xl/worksheets/sheet2.xml": _xlsx_sheet(second or []),
        }
    )


def _xlsx_sheet(rows: list[list[str | float]]) -> str:
    cells = "".join(f"<row>{''.join(_xlsx_cell(value) for value in row)}</row>" for row in rows)
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{name}"><sheetData>{cells}</sheetData></worksheet>'


def _xlsx_cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def slides() -> bytes:
    """A .pptx whose second slide is shown first."""

    def slide(title: str, words: str) -> str:
        return (
            f'<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
            f' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree>'
            f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{title}</a:t>'
            f"</a:r></a:p></p:txBody></p:sp><p:sp><p:txBody><a:p><a:r><a:t>{words}</a:t></a:r></a:p></p:txBody></p:sp>"
            f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Km</a:t></a:r>"
            f"</a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>42</a:t></a:r></a:p></a:txBody></a:tc></a:tr>"
            f"</a:tbl></a:graphicData></a:graphic></p:graphicFrame></p:spTree></p:cSld></p:sld>"
        )

    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/relationships/slide" Target="slides/slide{number}.xml"/>'
        for number in (1, 2)
    )
    return packed(
        {
            "ppt/presentation.xml": '<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
            f' xmlns:r="{_OFFICE}/relationships"><p:sldIdLst><p:sldId id="257" r:id="rId2"/>'
            '<p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": "<Relationships"
            f' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>',
            "ppt/slides/slide1.xml": slide("Thank you", "Questions?"),
            "ppt/slides/slide2.xml": slide("Range", "Up to 120 km"),
        }
    )


def open_text(*, encrypted: bool = False) -> bytes:
    """An .odt with two pages."""
    manifest = "<manifest><encryption-data/></manifest>" if encrypted else "<manifest/>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": manifest,
            "content.xml": f'<o:document-content xmlns:o="{_OPEN}:office:1.0" xmlns:text="{_OPEN}:text:1.0"'
            f' xmlns:table="{_OPEN}:table:1.0"><o:body><o:text>'
            "<text:h>Contract</text:h><text:p>Two<text:s text:c='3'/>spaces<text:line-break/>and a line</text:p>"
            "<text:list><text:list-item><text:p>Helmet</text:p></text:list-item></text:list>"
            "<text:soft-page-break/><text:p>Second page<text:note><text:p>a footnote</text:p></text:note></text:p>"
            "<table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell>"
            "<table:table-cell><text:p>B</text:p></table:table-cell></table:table-row></table:table>"
            "</o:text></o:body></o:document-content>",
        }
    )


_MAIL = """From: Amara Okafor <amara@example.com>
To: service@norte.example
Subject: =?utf-8?q?Rechnung_f=C3=BCr_Mai?=
Date: Fri, 20 Nov 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_1"

--=_1
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

<html><head><style>p{}</style></head><body>
<p>Das Caf=E9 zahlt</p><script>alert(1)</script><p>bald.</p></body></html>
--=_1
Content-Type: application/pdf
Content-Disposition: attachment; filename="Rechnung.pdf"

JVBERi0=
--=_1--
"""


def mail() -> bytes:
    """In HTML, in an old character set, with an attachment."""
    return _MAIL.replace("\n", "\r\n").encode("ascii")


CARDS = (
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Vera Card\r\nORG:Norte\\, Lda;Sales\r\nitem1.TEL;TYPE=CELL:+351 912 345 678\r\n"
    b"NOTE:A line that is\r\n  folded\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n"
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9\r\nTEL:+34600000000\r\nEND:VCARD\r\n"
)
