"""What is sold in the demo: stores, listings and their pictures, all invented."""

import io
import os

from PIL import Image, ImageDraw

from ipdesk.gateways.bundles import fonts

STORES = (  # id, name, contact, language
    ("S-1001", "Blue Harbour Electronics", "seller-a@shops.example", "en"),
    ("S-1002", "晓雨数码", "seller-b@shops.example", "zh_CN"),
    ("S-1003", "Dolny Prints", "seller-c@shops.example", "en"),
    ("S-1004", "Quick Parcel Outlet", "contact@quickparcel.example", "en"),
    ("S-1005", "Northlight Gadgets", "hello@northlight.example", "en"),
    ("S-1006", "华港手工", "service@huagang.example", "zh_CN"),
    ("S-1007", "Last Minute Deals", "", "en"),
)
TITLES = {
    "S-1001": (
        "Aurora Audio wireless over-ear headphones, graphite", "Aurora Audio sport earbuds with charging case",
        "Aurora Audio portable speaker, forest green", "Replacement ear pads, fit Aurora Audio H2",
        "Aurora Audio studio microphone set", "Noise cancelling headset, new in box",
        "Aurora style wireless headphones, rose", "Charging case for Aurora Audio earbuds",
        "Aurora Audio H2 kids edition, blue", "Aurora Audio H2 kids edition, coral"),
    "S-1002": (
        "Aurora 极光 无线蓝牙耳机 主动降噪", "极光音箱 户外便携 防水", "Aurora Audio 运动耳机 挂耳式",
        "降噪耳机 充电盒 原装", "极光 头戴式耳机 保护套", "Aurora 麦克风 直播套装", "蓝牙音箱 复古款", "耳机收纳包",
        "Aurora Audio 儿童耳机 蓝色", "Aurora Audio 儿童耳机 珊瑚色"),
    "S-1003": (
        "Poster: lighthouse at dusk, 50 × 70 cm", "Poster: paper foxes, 30 × 40 cm",
        "Tote bag with paper fox print", "Phone case, lighthouse watercolour",
        "Cushion cover, harbour map print", "Mug with paper fox drawing",
        "Calendar of harbour watercolours", "Jigsaw puzzle: lighthouse, 500 pieces"),
    "S-1004": (
        "AURORA headphones wholesale lot of 20", "Aurora Audio earbuds, unboxed",
        "Speaker Aurora A3 clearance", "Headphone stand, walnut"),
    "S-1005": (
        "Aurora Audio H2 headphones, imported", "Travel case for headphones",
        "Aurora Audio A3 speaker, second hand", "Paper fox night light"),
    "S-1006": ("手工剪纸狐狸摆件", "灯塔水彩画 装饰画", "剪纸狐狸 帆布包", "港口地图 挂布"),
    "S-1007": ("AURORA earphones, no box", "Paper fox sticker sheet"),
}
_COLOURS = ("#24506b", "#7a4b2a", "#3c6e47", "#6b2f4a", "#54546e", "#a06a1f")


def listing_rows():
    """``(listing id, store id, title, price)`` of every listing."""
    number = 500100
    for store, titles in TITLES.items():
        for place, title in enumerate(titles):
            number += 7
            yield f"L{number}", store, title, f"{19 + 13 * place % 90}.90"


def picture(seed: int) -> bytes:
    """A drawn product picture as JPEG bytes; the same seed gives the same bytes."""
    image = Image.new("RGB", (900, 900), "#f4f2ee")
    draw = ImageDraw.Draw(image)
    colour, second = _COLOURS[seed % 6], _COLOURS[(seed + 2) % 6]
    kind = seed % 4
    if kind == 0:
        draw.arc((200, 160, 700, 760), 180, 360, fill=colour, width=46)
        draw.rounded_rectangle((160, 440, 310, 720), 60, fill=second)
        draw.rounded_rectangle((590, 440, 740, 720), 60, fill=second)
    elif kind == 1:
        draw.rounded_rectangle((240, 180, 660, 760), 70, fill=colour)
        draw.ellipse((330, 260, 570, 500), fill=second)
        draw.ellipse((380, 560, 520, 700), fill="#e7e2da")
    elif kind == 2:
        draw.rectangle((180, 140, 720, 780), fill="#ffffff", outline=colour, width=10)
        draw.polygon([(270, 700), (450, 260), (630, 700)], fill=colour)
        draw.polygon([(380, 700), (450, 420), (520, 700)], fill=second)
    else:
        draw.ellipse((210, 210, 690, 690), fill=colour)
        draw.rectangle((430, 90, 470, 300), fill=second)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()


def photo(seed: int, words: str) -> bytes:
    """A photograph-like exhibit: a product picture with a note on it."""
    image = Image.open(io.BytesIO(picture(seed))).convert("RGB").resize((1200, 1200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 1050, 1140, 1150), fill="#fffdf5", outline="#888888")
    draw.text((90, 1085), words, fill="#222222", font_size=32)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def paper(title: str, lines: list[str]) -> bytes:
    """A one-page PDF of a paper (certificate, invoice, court filing)."""
    # fontconfig reads this once in the life of a process: a bare machine has no face for Chinese.
    os.environ["FONTCONFIG_FILE"] = str(fonts.prepare())
    import weasyprint
    from markupsafe import escape

    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (f"<html lang=en><style>@page{{size:A4;margin:30mm}}body{{font:12pt 'Noto Sans','Noto Sans CJK SC'}}"
            f"h1{{font-size:18pt;border-bottom:1px solid #444;padding-bottom:4mm}}</style>"
            f"<h1>{escape(title)}</h1>{body}</html>")
    return weasyprint.HTML(string=html, url_fetcher=_Nothing()).write_pdf()


def _Nothing():
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=())
