"""A believable case, and files of every kind, made on the spot."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw

from ipdesk.gateways.bundles import contents as c

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def pdf(pages: int = 2, word: str = "evidence", box=(0, 0, 595.276, 841.89), rotate: int = 0) -> bytes:
    """A PDF whose page k says ``<word> page k``."""
    document = pikepdf.new()
    font = document.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for k in range(1, pages + 1):
        document.add_blank_page(page_size=(box[2], box[3]))
        page = document.pages[-1].obj
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = document.make_stream(f"BT /F1 14 Tf 72 {box[3] - 90:.0f} Td ({word} page {k}) Tj ET".encode())
        page.MediaBox = Array(list(box))
        if rotate:
            page.Rotate = rotate
    return saved(document)


def saved(document: pikepdf.Pdf, **options) -> bytes:
    output = BytesIO()
    document.save(output, deterministic_id="encryption" not in options, **options)
    return output.getvalue()


def picture(kind: str = "JPEG", size=(640, 480), mode: str = "RGB", **options) -> bytes:
    image = Image.new(mode, size, "#d8c7a0" if mode == "RGB" else None)
    if mode == "RGB":
        draw = ImageDraw.Draw(image)
        draw.rectangle((40, 40, size[0] - 40, size[1] - 40), outline="#16304d", width=6)
        draw.ellipse((size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2), fill="#9c2b21")
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Test buyer <buyer@shop.example>", "desk@market.example"
    message["Subject"] = "Your parcel 包裹 <b>not bold</b>"
    message["Date"] = "Mon, 16 Nov 2026 10:00:00 +0000"
    message.set_content("The sole of the shoe bears the mark.\n\nKind regards")
    message.add_attachment(b"receipt", maintype="application", subtype="octet-stream", filename="receipt.bin")
    message.set_boundary("=====part")
    return message.as_bytes()


def exhibit(id: str, content: bytes, name: str, media_type: str = "application/pdf", **more) -> c.Exhibit:
    return c.Exhibit(
        id, more.pop("title", name), name, media_type, len(content), hashlib.sha256(content).hexdigest(), lambda: content, **more
    )


def bundle(*exhibits: c.Exhibit, **more) -> c.BundleContents:
    """The least a bundle has, around the given exhibits."""
    return c.BundleContents(
        **{"reference": "C-7K3M-9Q2X", "title": "Lumen v. Northwind", "made_at": AT, "made_by_role": "Legal", "exhibits": exhibits, **more}
    )


def whole_case(language: str = "en") -> c.BundleContents:
    """Every part filled, with Chinese, Arabic, Hebrew, Thai and emoji among the texts."""
    f = c.Field
    day = timedelta(days=1)
    exhibits = (
        exhibit(
            "RH-1",
            pdf(3, "certificate"),
            "registration-certificate.pdf",
            title="Certificate of registration 018 123 456",
            submitted_by="Lumen GmbH",
            received_at=AT - 20 * day,
        ),
        exhibit(
            "RH-2",
            picture(),
            "photo-of-goods.jpg",
            "image/jpeg",
            title="Photograph of the goods as delivered 商品照片",
            submitted_by="Lumen GmbH",
            received_at=AT - 20 * day,
            assigned_to=("L-1001",),
        ),
        exhibit("RH-3", mail(), "seller-answer.eml", "message/rfc822", title="Message of the seller about the parcel"),
        exhibit(
            "S-1",
            pdf(2, "invoice", (0, 0, 841.89, 595.276)),
            "发票 2026.pdf",
            title="Invoice of the supplier 发票",
            submitted_by="Northwind Trading",
            received_at=AT - 9 * day,
        ),
        exhibit(
            "S-2",
            b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 4000,
            "unboxing.mp4",
            "video/mp4",
            title="Video of the unboxing 📦",
            submitted_by="Northwind Trading",
            received_at=AT - 9 * day,
        ),
    )
    claims = (
        c.ClaimSheet(
            "L-1001",
            "Trail running shoe “Lumen Aero” 运动鞋",
            "https://market.example/item/1001?colour=blue",
            "closed",
            "Upheld: the listing stays removed",
            (f("Store", "Northwind Trading (S-204)"), f("Reason", "Counterfeit goods")),
            (
                c.Capture(
                    "at filing",
                    AT - 19 * day,
                    "9f" * 32,
                    (f("Price", "EUR 39.90"), f("Seller as shown", "Northwind Trading")),
                    "Original quality! أصلي 100% 😀\nShips in 24 hours.",
                    ("RH-2",),
                ),
            ),
        ),
        c.ClaimSheet(
            "L-1002",
            "Shoe laces, pack of 2 حذاء",
            "https://market.example/item/1002",
            "closed",
            "Dismissed: exhaustion shown",
            (f("Store", "Northwind Trading (S-204)"),),
        ),
    )
    statement = (
        "I have a good faith belief that use of the material in the manner complained of is not authorised by the owner of the right, its agent, or the law. "  # noqa: E501
        "The information in this notice is accurate, and under penalty of perjury, I am authorised to act on behalf of the owner."
    )
    notice = c.Filing(
        "Notice N-4QRT-81ZW",
        AT - 19 * day,
        "Lumen GmbH, by Dr. A. Weber",
        (f("Regime", "Marketplace, respond-first"), f("Listings", "2")),
        "The goods bear the sign LUMEN on the tongue and on the sole. We bought a pair on 2 November 2026; it is not one of ours: the stitching differs, the serial number was never issued.\n\n我们确认该商品为假冒商品。",  # noqa: E501
        (c.Statement(statement, "A. Weber", AT - 19 * day),),
        ("RH-1", "RH-2", "RH-3"),
    )
    counter = c.Filing(
        "Counter-notification for L-1002",
        AT - 9 * day,
        "Northwind Trading",
        (f("Ground", "Exhaustion / genuine goods"),),
        "We bought these laces from an authorised dealer in Lyon. 本店所售商品均为正品，附发票。 שלום · สวัสดี",
        (c.Statement("I have a good faith belief that the material was removed by mistake.", "李伟", AT - 9 * day),),
        ("S-1", "S-2"),
    )
    steps = tuple(
        c.DeadlineStep(date(2026, 11, 3) + n * day, count, reason)
        for n, (count, reason) in enumerate(
            [
                ("–", "Day of delivery; counting starts the next day"),
                ("1", "Wednesday"),
                ("2", "Thursday"),
                ("3", "Friday: last day, ends 23:59:59"),
            ]
        )
    )
    return bundle(
        *exhibits,
        language=language,
        zone="Asia/Shanghai",
        desk="Market Example · Intellectual property desk",
        summary=(f("Regime", "Marketplace, respond-first"), f("State", "Closed: ended differently")),
        parties=(
            c.Party(
                "Rights holder",
                "Lumen GmbH",
                (
                    f("Address", "Hafenstraße 12\n20457 Hamburg\nGermany"),
                    f("Represented by", "Dr. A. Weber"),
                    f("Contact", "ip@lumen.example"),
                ),
            ),
            c.Party(
                "Seller", "Northwind Trading 北风贸易", (f("Store", "S-204 Northwind Trading"), f("Contact", "seller@northwind.example"))
            ),
        ),
        right=c.RightSheet(
            "EU trade mark LUMEN, No 018 123 456",
            (f("Office", "EUIPO"), f("Classes", "18, 25"), f("Valid", "2019-04-01 to 2029-04-01"), f("Territory", "European Union")),
            ("RH-1",),
        ),
        claims=claims,
        notice=notice,
        counter_notifications=(counter,),
        element_checklists=(
            c.ElementChecklist(
                "Elements of the notice",
                "Regulation (EU) 2022/2065, Article 16(2)",
                (
                    c.Element(
                        "a",
                        "A sufficiently substantiated explanation of the reasons why the content is illegal",
                        "Art. 16(2)(a)",
                        True,
                        ("notice",),
                    ),
                    c.Element("b", "The exact electronic location", "Art. 16(2)(b)", True, ("claim:1", "claim:2")),
                    c.Element("c", "Name and electronic e-mail address of the notifier", "Art. 16(2)(c)", True, ("parties",)),
                    c.Element("d", "A statement of good faith", "Art. 16(2)(d)", True, ("notice",), "Signed in the form"),
                    c.Element("x", "Evidence of the right (not required by the Regulation)", "–", None, ("exhibit:RH-1",)),
                    c.Element("y", "A sworn translation", "House rules, 4.2", False),
                ),
            ),
        ),
        deadlines=(
            c.DeadlineSheet(
                "Answer of the seller",
                "House rules, section 6: three business days from proven delivery",
                AT - 19 * day,
                AT - 16 * day,
                "Answered for L-1002, silent for L-1001",
                (f("Calendar", "People's Republic of China"), f("Counted in", "Asia/Shanghai")),
                steps,
            ),
        ),
        chronology=tuple(
            c.Event(AT - (20 - n) * day, who, what, basis, target)
            for n, (who, what, basis, target) in enumerate(
                [
                    ("Lumen GmbH", "Files the notice against two listings", "", "notice"),
                    ("Desk", "Accepts the notice and forwards it to the seller", "House rules, 5", ""),
                    ("Seller", "Answers for L-1002 with an invoice", "", "counter:1"),
                    (
                        "Clock",
                        "The time to answer for L-1001 ends without an answer; the listing is removed",
                        "House rules, 6",
                        "deadline:1",
                    ),
                    ("Legal", "Decides", "", "decision:1"),
                ]
            )
        ),
        decisions=(
            c.DecisionSheet(
                "Decision D-22KM-7TTA",
                AT - day,
                "Legal desk (two persons)",
                "L-1001: upheld. L-1002: dismissed.",
                (f("Law applied", "Regulation (EU) 2017/1001, Articles 9 and 15"), f("Automated means", "None")),
                "The sign on the goods of L-1001 is identical with the mark and is used for identical goods (Article 9(2)(a)). The seller was heard and stayed silent.\n\nFor L-1002 the invoice (exhibit S-1) shows a first sale in the Union with the proprietor's consent; the right is exhausted (Article 15(1)).",  # noqa: E501
            ),
        ),
        correspondence=(
            c.Letter(
                AT - 19 * day,
                "Desk",
                "Northwind Trading <seller@northwind.example>",
                "[C-7K3M-9Q2X] A complaint about two of your listings",
                "Dear Northwind Trading,\n\na rights holder has filed a complaint about two of your listings. Please answer by Fri 6 Nov 2026, 23:59.",  # noqa: E501
                "Accepted by the recipient's server on Tue 3 Nov 2026, 09:01 UTC",
            ),
        ),
        audit_head=(f("Audit log head", "size 18 234 · root 5b1e…c0de"),),
    )


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
