from __future__ import annotations

import struct
import zipfile
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from django.core.files.storage import storages
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from linli.domains.documents import commands as c
from linli.domains.documents import filetypes
from linli.domains.documents.commands import keep_data, store_file
from linli.domains.documents.filetypes import FileType, check, clean_name
from linli.domains.documents.models import StoredFile
from linli.domains.documents.queries import open_file
from linli.domains.documents.tests.conftest import NOW, actor
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotAllowed, NotFound

RESIDENT = actor()


def image(form: str, size: tuple[int, int] = (80, 60), **options) -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(out, form, **options)
    return out.getvalue()


def pdf(extra: bytes = b"", tail: bytes = b"", stream: bytes | None = None) -> bytes:
    body = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R" + extra + b">>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    )
    if stream is not None:
        packed = zlib.compress(stream, 9)
        body += b"3 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
            len(packed),
            packed,
        )
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body) + tail


def package(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
DOCX = {"[Content_Types].xml": TYPES, "word/document.xml": b"<w:document/>", "word/media/image1.png": image("PNG")}
XLSX = {"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<workbook/>", "xl/printerSettings/printerSettings1.bin": b"\1\2"}
OFD = {"OFD.xml": b"<ofd:OFD/>", "Doc_0/Document.xml": b"<ofd:Document/>", "Doc_0/Signs/Sign_0/SignedValue.dat": b"\x30\x82"}
HEIC = (
    struct.pack(">L4s4sL4s", 20, b"ftyp", b"heic", 0, b"mif1") + struct.pack(">L4s", 8 + 20, b"meta") + struct.pack(">L4sLLL", 20, b"ispe", 0, 4000, 3000)
    + struct.pack(">L4s", 8 + 5, b"mdat") + b"12345"
)  # fmt: skip

GOOD = [
    ("身份证.jpg", image("JPEG"), FileType.JPEG), ("扫描.png", image("PNG"), FileType.PNG), ("照片.webp", image("WEBP"), FileType.WEBP),
    ("IMG_0001.HEIC", HEIC, FileType.HEIC), ("劳动合同.pdf", pdf(), FileType.PDF), ("申请书.docx", package(DOCX), FileType.DOCX),
    ("名册.xlsx", package(XLSX), FileType.XLSX), ("证照.ofd", package(OFD), FileType.OFD), ("说明.txt", "说明文字。\r\n第二行".encode(), FileType.TEXT),
    ("旧系统导出.txt", "职工姓名,缴费年月".encode("gb18030"), FileType.TEXT), ("微信图片.jpg", image("PNG"), FileType.PNG),
    ("阿卜杜热合曼·买买提 身份证(正面).jpeg", image("JPEG", progressive=True), FileType.JPEG),
    ("动态照片.jpg", image("JPEG") + struct.pack(">L4s4s", 16, b"ftyp", b"mp42") + bytes(400), FileType.JPEG),
    ("流对象.pdf", pdf(stream=b"1 0 <</Type/Page>>"), FileType.PDF),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "kind"), GOOD, ids=[g[0] for g in GOOD])
def test_what_people_bring_is_taken_under_its_true_type(name, content, kind):
    assert check(content, name) == filetypes.Checked(kind, name)


SCRIPT = b"<script>alert(1)</script>"
BAD = [
    ("a script renamed .pdf", "材料.pdf", b"#!/bin/sh\nrm -rf /\n", c.FileKindRefused),
    ("a page renamed .pdf", "材料.pdf", b"<html>" + SCRIPT, c.FileKindRefused),
    ("a page renamed .txt", "材料.txt", b"hello " + SCRIPT, c.FileKindRefused),
    ("an svg", "图.png", b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', c.FileKindRefused),
    ("a program", "材料.pdf", b"MZ" + bytes(200), c.FileKindRefused),
    ("another program", "材料.jpg", b"\x7fELF" + bytes(200), c.FileKindRefused),
    ("a program by name", "材料.pdf.exe", pdf(), c.FileNameWrong),
    ("a page by name", "材料.html", image("PNG"), c.FileNameWrong),
    ("nothing", "材料.pdf", b"", c.FileEmpty),
    ("a path", "../../etc/passwd.txt", b"text", c.FileNameWrong),
    ("a windows path", "C:\\Windows\\x.txt", b"text", c.FileNameWrong),
    ("a zero in the name", "a.txt\0.pdf", b"text", c.FileNameWrong),
    ("a name read backwards", "fdp\u202etxt.pdf", pdf(), c.FileNameWrong),
    ("no name", " .. ", pdf(), c.FileNameWrong),
    ("half a photo", "照片.jpg", image("JPEG", (800, 600))[:-500], c.FileDamaged),
    ("half a picture", "图.png", image("PNG", (800, 600))[:-200], c.FileDamaged),
    ("a picture with a page behind", "图.png", image("PNG") + SCRIPT, c.FileCarriesProgram),
    ("a photo with a page behind", "图.jpg", image("JPEG") + SCRIPT + b"\xff\xd9", c.FileCarriesProgram),
    ("a photo that is also an archive", "图.jpg", image("JPEG") + package({"x.txt": b"x"}), c.FileCarriesProgram),
    ("a pdf that is also an archive", "a.pdf", pdf() + package({"x.txt": b"x"}, compression=zipfile.ZIP_STORED), c.FileRefused),
    ("half a pdf", "a.pdf", pdf()[:-30], c.FileDamaged),
    ("a pdf with a page behind", "a.pdf", pdf(tail=SCRIPT), c.FileCarriesProgram),
    ("a pdf that acts", "a.pdf", pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), c.FileCarriesProgram),
    ("a pdf that acts under a spelt name", "a.pdf", pdf(b"/OpenAction<</S/#4aavaScript/J#53(x)>>"), c.FileCarriesProgram),
    ("a pdf that starts a program", "a.pdf", pdf(b"/OpenAction<</S/Launch/F(cmd.exe)>>"), c.FileCarriesProgram),
    ("a pdf that hides its action", "a.pdf", pdf(stream=b"1 0 <</S/JavaScript/JS(x)>>"), c.FileCarriesProgram),
    ("a pdf with a password", "a.pdf", pdf().replace(b"/Size 3", b"/Size 3/Encrypt 9 0 R"), c.FileLocked),
    ("a pdf bomb", "a.pdf", pdf(stream=bytes(70_000_000)), c.FileTooBigInside),
    ("an archive", "a.zip", package({"x.txt": b"x"}), c.FileKindRefused),
    ("a macro document", "a.docx", package(DOCX | {"word/vbaProject.bin": b"x"}), c.FileCarriesProgram),
    ("a program in a document", "a.docx", package(DOCX | {"word/media/image9.png": b"MZ" + bytes(99)}), c.FileCarriesProgram),
    ("a document that leaves its folder", "a.docx", package(DOCX | {"../../x": b"x"}), c.FileCarriesProgram),
    ("a document that loads from the net", "a.docx", package(DOCX | {"word/_rels/settings.xml.rels": (
        b'<Relationships><Relationship Id="r1" Type="http://x/relationships/attachedTemplate" Target="http://x/t.dotm" '
        b'TargetMode="External"/></Relationships>')}), c.FileCarriesProgram),
    ("a document with entities", "a.docx", package(DOCX | {"word/document.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), c.FileCarriesProgram),
    ("a bomb of zeros", "a.docx", package(DOCX | {"word/media/zeros.png": bytes(60_000_000)}), c.FileTooBigInside),
    ("a bomb of many entries", "a.docx", package(DOCX | {f"word/{i}.xml": b"" for i in range(3100)}), c.FileTooBigInside),
    ("a broken archive", "a.docx", package(DOCX)[:-40], c.FileDamaged),
    ("an old office file", "a.doc", b"\xd0\xcf\x11\xe0" + bytes(512), c.FileKindRefused),
    ("words under another name", "run.csv", b"a,b", c.FileKindRefused),
    ("bytes", "a.txt", bytes(range(256)), c.FileKindRefused),
    ("half a phone photo", "a.heic", HEIC[:-3], c.FileDamaged),
    ("a huge phone photo", "a.heic", HEIC.replace(struct.pack(">LL", 4000, 3000), struct.pack(">LL", 90_000, 90_000)), c.FileTooBigInside),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "error"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_could_do_harm_is_refused_with_a_word_of_advice(name, content, error):
    with pytest.raises(error) as caught:
        check(content, name)
    assert str(caught.value.what_to_do)
    assert "%" not in str(caught.value.message)


def png_claiming(width: int, height: int) -> bytes:
    """A small file that says it is a huge picture."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(60_000, 60_000), (40_000, 10), (12_000, 9_000)])
def test_a_picture_of_huge_dimensions_is_refused_before_it_is_unfolded(size):
    with pytest.raises(c.FileTooBigInside):
        check(png_claiming(*size), "图.png")


def test_a_locked_package_is_named_as_locked():
    raw = bytearray(package(DOCX))
    at = 0
    while (at := raw.find(b"PK\x01\x02", at)) >= 0:
        raw[at + 8] |= 1
        at += 4
    with pytest.raises(c.FileLocked):
        check(bytes(raw), "a.docx")


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.4\n", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"RIFF....WEBP", HEIC[:20]]),
)
def test_rubbish_is_refused_and_never_breaks_the_check(rubbish, start):
    with suppress(c.FileRefused):
        check(start + rubbish, "a.pdf")


@given(st.text(max_size=40))
def test_names_are_clean_or_refused(name):
    try:
        cleaned = clean_name(name)
    except c.FileNameWrong:
        return
    assert cleaned
    assert not set('/\\\0\n:"<>|') & set(cleaned)


# -- keeping ----------------------------------------------------------------------------------------------------------------


def bring(content: bytes, name: str = "材料.txt", by=RESIDENT):
    return store_file(content=BytesIO(content), declared_name=name, by=by, now=NOW)


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    """A folder of its own for every test: what another process of the run stores is not counted here."""
    own = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": own}  # Django forgets the storages it made when this changes
    assert storages["default"].base_location == tmp_path
    return tmp_path


def on_disk() -> list[bytes]:
    return [f.read_bytes() for f in storages["default"].base_location.rglob("*") if f.is_file()]


def test_a_kept_file_comes_back_as_it_was(db):
    content = image("JPEG", (900, 700))
    ref = bring(content, "照片.jpg")
    assert (ref.content_type, ref.size, ref.digest, ref.name) == ("image/jpeg", len(content), sm3(content).hex(), "照片.jpg")
    opened = open_file(ref.id)
    assert (opened.content_type, opened.extension, opened.size, opened.digest) == ("image/jpeg", "jpg", len(content), ref.digest)
    assert opened.read() == content
    assert [e.act for e in timeline(ref.id)] == ["documents.file_stored"]
    assert "照片" not in str(timeline(ref.id)[0].data)


def test_a_large_file_is_read_in_pieces(db):
    content = ("第%d行\n" * 1 % 7).encode() * 400_000
    pieces = list(open_file(bring(content).id).pieces)
    assert len(pieces) > 2
    assert b"".join(pieces) == content


def test_the_same_content_is_kept_once_under_each_name(db):
    first, second = bring("同样的内容".encode()), bring("同样的内容".encode(), "另一个名字.txt")
    assert (first.id, first.digest) == (second.id, second.digest)
    assert (first.name, second.name) == ("材料.txt", "另一个名字.txt")
    assert len(timeline(first.id)) == 1


def test_nothing_readable_lies_on_the_disk_or_in_the_table(db):
    secret = "身份证号码110105194912310023的秘密材料".encode() * 50
    ref = bring(secret)
    assert not any(secret[:30] in raw for raw in on_disk())
    row = StoredFile.objects.get(pk=ref.id)
    assert bytes(row.index) != sm3(secret)
    assert row.path.startswith(bytes(row.index).hex()[:2])
    with connection.cursor() as cursor:
        cursor.execute("SELECT f::text FROM documents_storedfile f WHERE id = %s", [ref.id])
        assert sm3(secret).hex() not in cursor.fetchone()[0]


def test_data_for_programs_is_kept_as_it_is_however_long_and_once(db, tmp_path):
    content = b"D,<script>,400.00\n" * 300_000
    (tmp_path / "answer.csv").write_bytes(content)
    with (tmp_path / "answer.csv").open("rb") as opened:
        kept = keep_data(content=opened, name="answer.csv", by=system("documents.store"), now=NOW)
        again = keep_data(content=opened, name="again.csv", by=RESIDENT, now=NOW)
    assert again.id == kept.id and (kept.size, kept.digest) == (len(content), sm3(content).hex())
    assert open_file(kept.id).read() == content
    with pytest.raises(NotAllowed):
        keep_data(content=BytesIO(content), name="a.csv", by=system(), now=NOW)


def test_pieces_cannot_be_swapped_cut_or_changed(db):
    ref = bring("甲乙丙丁".encode() * 300_000)
    path = storages["default"].base_location / StoredFile.objects.get(pk=ref.id).path
    whole = path.read_bytes()
    first = 4 + 4 + struct.unpack(">L", whole[4:8])[0]
    second = first + 4 + struct.unpack(">L", whole[first : first + 4])[0]
    swapped = whole[:4] + whole[first:second] + whole[4:first] + whole[second:]
    for damaged in (whole[:first], whole[:second], whole[:-1], swapped, whole[:4], b"", whole[:100] + b"x" + whole[101:]):
        path.write_bytes(damaged)
        with pytest.raises(c.FileChanged):
            open_file(ref.id).read()
    path.unlink()
    with pytest.raises(c.FileChanged):
        open_file(ref.id).read()
    again = bring("甲乙丙丁".encode() * 300_000)
    assert again.id == ref.id
    assert open_file(ref.id).size == len(open_file(ref.id).read())


def test_too_much_is_refused_while_it_comes(db):
    class Endless(BytesIO):
        asked = 0

        def read(self, size=-1):
            self.asked = size
            return b"a" * size

    endless = Endless()
    with pytest.raises(c.FileTooLarge, match="20 MB"):
        store_file(content=endless, declared_name="大.txt", by=RESIDENT, now=NOW)
    assert endless.asked <= 20_000_001
    with pytest.raises(c.FileTooLarge):
        bring(bytes(21_000_000), "大.pdf")
    assert not StoredFile.objects.exists()


def test_what_is_rolled_back_leaves_no_row(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        bring("会被撤销".encode())
        raise RuntimeError
    assert not StoredFile.objects.exists()
    assert open_file(bring("会被撤销".encode()).id).read() == "会被撤销".encode()


def test_somebody_unknown_brings_nothing(db):
    from dataclasses import replace
    from uuid import uuid4

    with pytest.raises(NotAllowed):
        bring(b"text", by=replace(RESIDENT, user_id=None))
    with pytest.raises(NotFound):
        open_file(uuid4())


def test_a_refused_file_leaves_nothing(db):
    before = len(on_disk())
    with pytest.raises(c.FileRefused):
        bring(b"MZ" + bytes(100), "材料.pdf")
    assert len(on_disk()) == before
