"""Filling any form of the catalogue with something its fields allow, and making small files to hand in."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from linli.domains.catalog.queries import FieldType, FormField, Standard

# A citizen number of the reserved division, for fields that ask for somebody else's.
SOMEBODY = "770121197001010014"


def filled(standard: Standard, **values: Any) -> dict[str, Any]:
    """A form with every required field filled by something its type allows; ``values`` prevail."""
    return {f.name: plausible(f) for f in standard.typed if f.required} | {k: v for k, v in values.items() if v}


def plausible(f: FormField) -> Any:
    """A value a field accepts."""
    match f.type:
        case FieldType.SELECT:
            return f.options[0] if f.options else "其他"
        case FieldType.DATE:
            return "2026-01-15"
        case FieldType.YEAR_MONTH:
            return "2026-01"
        case FieldType.NUMBER:
            return "3"
        case FieldType.MONEY:
            return "1200.00"
        case FieldType.BOOLEAN:
            return "是"
        case FieldType.PHONE:
            return "10000000001"
        case FieldType.ID_NUMBER:
            return SOMEBODY
        case FieldType.CREDIT_CODE:
            return "91110000600037341L"
        case FieldType.BANK_ACCOUNT:
            return "6299021234567890126"
        case FieldType.TABLE:
            return ["第一行 示例", "第二行 示例"]
        case FieldType.SIGNATURE:
            return "已在纸质申请表上签名"
        case _:
            return f"{f.label}（示例）"[:60]


def photograph(text: str, number: int) -> BytesIO:
    """A small picture standing for a photographed paper; ``number`` makes each one different."""
    image = Image.new("RGB", (420, 594), (250, 249, 245))
    pen = ImageDraw.Draw(image)
    pen.rectangle((20, 20, 400, 574), outline=(120, 120, 120))
    for line in range(14):
        pen.line((50, 90 + 30 * line, 370 - (line * 37 + number * 13) % 120, 90 + 30 * line), fill=(90, 90, 90), width=2)
    pen.text((50, 45), f"SPECIMEN {number}", fill=(160, 40, 40))
    out = BytesIO()
    image.save(out, "JPEG", quality=70)
    out.seek(0)
    return out


def signature(number: int) -> BytesIO:
    """A drawn scribble standing for a signature."""
    image = Image.new("RGBA", (320, 120), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    points = [(20 + 14 * n, 60 + ((n * 37 + number * 11) % 50) - 25) for n in range(20)]
    pen.line(points, fill=(20, 20, 60), width=3, joint="curve")
    out = BytesIO()
    image.save(out, "PNG")
    out.seek(0)
    return out
