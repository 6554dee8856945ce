from __future__ import annotations

import re
import shutil
import subprocess
import threading
import typing
from datetime import UTC, date, datetime
from enum import Enum
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ValidationError

from linli.domains.documents import papers as p
from linli.domains.documents.codes import make_code, spaced
from linli.domains.documents.engine import FONTS, TEMPLATES, Press, SealImage, Sheet, current_templates, template_digest
from linli.domains.documents.errors import TemplateUnknown
from linli.domains.documents.rules import PaperKind
from linli.domains.documents.tests.samples import DAY, REMEDY, SAMPLES, WHO
from linli.domains.documents.typography import chinese
from linli.kernel.crypto import sm3

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BODY = "示范区人力资源和社会保障局"
LONG_BODY = "克孜勒苏柯尔克孜自治州阿克陶县塔尔塔吉克民族乡人力资源和社会保障服务中心"
LONG_NAME = "阿卜杜热合曼·买买提艾力·吐尔逊江·阿布都克里木·库尔班"
RARE = "䶮㛃𬀩𬎆𪚥𫖮"


def sheet(paper: p.Paper, *, sealed: bool = True, body: str = BODY, code: str | None = None) -> Sheet:
    if paper.kind.is_guide:
        return Sheet(paper=paper, issuer=body, made_on=DAY)
    code = code or make_code()
    return Sheet(
        paper=paper, issuer=body, made_on=DAY, number="示范区人社局受字〔2026〕12号", code=spaced(code),
        url=f"https://linli.example.gov.cn/verify/{code}", seal=SealImage(body, "业务专用章", "1101050012345") if sealed else None,
        mark="" if sealed else "未用印", demo=sealed,
    )  # fmt: skip


def printed(press: Press, paper: p.Paper, **options: Any) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(press.render(sheet(paper, **options), 1, at=AT)))


def text_of(reader: pypdf.PdfReader) -> str:
    """The words in reading order, without the line breaks of the layout."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))


IDS = [f"{i:02}-{s.kind}" for i, s in enumerate(SAMPLES)]


def test_there_is_a_sample_a_model_and_a_template_of_every_kind():
    assert {s.kind for s in SAMPLES} == set(PaperKind) == set(p.MODELS) == {PaperKind(k) for k in current_templates()}


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_every_kind_prints_as_pdf_a_with_its_fonts_in_it(press, sample):
    reader = printed(press, sample)
    xmp = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in xmp
    fonts = {}
    for page in reader.pages:
        assert [round(float(x)) for x in page.mediabox[2:]] == [595, 842]
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[str(inner["/BaseFont"])] = inner["/FontDescriptor"].get_object()
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(f) for f in fonts.values())


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_what_is_printed_can_be_read_and_copied(press, sample):
    text = text_of(printed(press, sample))
    title = sample.item_name if sample.kind.is_guide else sample.title if isinstance(sample, p.CaseCover) else sample.heading
    assert chinese(title) in text
    if sample.holder:
        assert sample.holder in text
    if not sample.kind.is_guide:
        assert BODY in text
        assert "2026年11月20日" in text
        assert "验证码" in text
    assert f"第{1}页" in text
    assert "\u200b" not in text
    assert "," not in re.sub(r"[!-~]+,[!-~]+", "", text)  # Chinese commas, but 1,980


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_the_same_input_gives_the_same_bytes(press, sample, tmp_path):
    one = sheet(sample, code="0123456789AB")
    again = Press(local_fonts=tmp_path / "none", cache=tmp_path)
    assert press.render(one, 1, at=AT) == press.render(one, 1, at=AT) == again.render(one, 1, at=AT)


def test_an_unsealed_print_says_so_on_every_page(press):
    paper = p.Decision(**WHO, outcome="approved", accepted_on=DAY, content="准予。" * 900, legal_basis=("《社会保险法》",))
    reader = printed(press, paper, sealed=False)
    assert len(reader.pages) > 1
    assert all("未用印" in page.extract_text() for page in reader.pages)
    assert "业务专用章" not in text_of(reader)


def test_a_demonstration_seal_says_so(press):
    assert "不具法律效力" in text_of(printed(press, SAMPLES[0]))


def test_an_unknown_version_is_refused(press):
    with pytest.raises(TemplateUnknown):
        press.render(sheet(SAMPLES[0]), 99, at=AT)


def test_data_are_never_read_as_markup(press):
    nasty = '#panic("x") $x$ *b* \\ #import "/common/1.typ" <a> @b [c] `d` // e'
    text = text_of(printed(press, p.Decision(
        **(WHO | {"addressee": nasty}), outcome="approved", accepted_on=DAY, content=nasty, legal_basis=(nasty,)
    )))  # fmt: skip
    assert re.sub(r"\s", "", nasty) in text


def test_direction_marks_cannot_make_a_paper_read_otherwise(press):
    text = text_of(printed(press, p.DemandReceipt(
        demand_number="1", person="张\u202e三\u0000", received_at=AT, summary="正文\u2067内容", owner="某科"
    )))  # fmt: skip
    assert "张三" in text
    assert not set("\u202e\u2067\0") & set(text)


@pytest.mark.parametrize("char", [*RARE, "𠮷"])
def test_rare_name_characters_are_printed_or_named(press, char):
    text = text_of(
        printed(press, p.DemandReceipt(demand_number="1", person=f"王{char}", received_at=AT, summary="内容", owner="某科"))
    )
    assert f"王{char}" in text if press.can_print(char) else f"王〓(U+{ord(char):04X})" in text
    assert press.can_print(char) or char == "𠮷"


def test_all_characters_of_the_national_standard_are_printed(press):
    """通用规范汉字表 is checked when the fonts are made (script/vendor-fonts); here a cut through all its levels."""
    assert all(
        press.can_print(c)
        for c in "一乙丁的国匕刁尬嘏褓冼亍尢彳卬㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑䶮鿍鿎鿏𠅤𠙶𠳐𡎚𡐓𤧛𥔲𦝼𦰡𧿹𨐈𨙸𫖮𫟹𬀩𬎆𬸪"
    )


# -- extremes ---------------------------------------------------------------------------------------------------------------

LONG_WHO = WHO | {
    "addressee": LONG_NAME, "item_name": "用人单位吸纳高校毕业生和就业困难人员社会保险补贴(含灵活就业、公益性岗位)申领及资格复核",
    "agent": LONG_NAME,
}  # fmt: skip
EXTREMES: list[p.Paper] = [
    p.AcceptanceNotice(
        **LONG_WHO, submitted_on=DAY, accepted_on=DAY, due_note="说明。" * 200, legal_basis=("《中华人民共和国社会保险法》第四十五条",) * 20,
        materials=tuple(
            p.MaterialLine(name=f"第{i}项证明" + "文件" * (i % 20) + "A" * i, form="复印件", copies=i, source="申请人提交", note="注" * i)
            for i in range(60)
        ),
    ),
    p.CorrectionNotice(
        **LONG_WHO, submitted_on=DAY, items=tuple(
            p.CorrectionItem(material=f"材料{i}" * 4, problem="问题描述" * 60, how="补正方法" * 40, basis="B" * 100) for i in range(60)
        ),
    ),
    p.Decision(
        **(LONG_WHO | {"addressee": RARE + "·" + LONG_NAME}), outcome="rejected", accepted_on=DAY, facts="查明的事实。" * 500,
        reasons="不予批准的理由," * 375 + "。", legal_basis=("《中华人民共和国社会保险法》第四十五条",), content="不予。", remedy=REMEDY,
    ),
    p.ResultCertificate(
        title="关于企业职工基本养老保险关系转移接续及视同缴费年限认定结果的书面证明" * 3, holder_name=LONG_NAME,
        rows=tuple(p.Row(label="项目" * 10, value="内容" * 80 + "C" * 90) for _ in range(40)),
    ),
    p.DeliveryReceipt(
        **LONG_WHO, delivered=tuple(p.Delivered(name="文书名称" * 20, number="示范区人社局决字〔2026〕88号" * 3) for _ in range(30)),
        method="left", delivered_at=AT, refusal="拒收。" * 400, witnesses=(LONG_NAME,) * 5,
    ),
    p.CaseCover(
        title="案卷题名" * 30, case_number="1" * 60, item_name=LONG_WHO["item_name"], applicant=LONG_NAME, opened_on=DAY,
        contents=tuple(
            p.Content(name="文件题名" * (i % 9 + 1), number="示范区人社局决字〔2026〕88号", author="某某某科", on=DAY, pages="1—2",
                      digest="ab" * 32, note="备注")
            for i in range(60)
        ),
        trace_head="0f" * 32,
    ),
    p.DemandReceipt(
        demand_number="S" * 80, person=LONG_NAME, received_at=AT, summary="诉求内容。" * 900, wish="W" * 300, owner=LONG_BODY,
        next_steps=("下一步" * 30,) * 20,
    ),
    p.ServiceGuide(
        body=LONG_BODY, item_name=LONG_WHO["item_name"], conditions=("条件" * 100,) * 12, online_url="https://example.gov.cn/" + "x" * 200,
        materials=tuple(
            p.GuideMaterial(name="材料名称" * 6, form="复印件", copies=3, required="视情形", source="政府部门核发", instead="数据共享",
                            basis="《条例》第一条", note="说明" * 30)
            for _ in range(60)
        ),
        flow=tuple(p.FlowStep(name="环节" * 12, who="承办单位" * 6, limit="10个工作日" * 3, note="说明" * 60) for _ in range(12)),
    ),
    p.WindowGuide(
        body=LONG_BODY, item_name=LONG_WHO["item_name"],
        materials=tuple(p.MaterialPoints(name="材料" * 10, points=("要点" * 30,) * 6, mistakes=("错误" * 40,) * 4) for _ in range(30)),
        scripts=(p.Script(situation="场景" * 20, say="话" * 2000),), prohibited=("禁止" * 50,) * 8,
    ),
]  # fmt: skip


@pytest.mark.parametrize("paper", EXTREMES, ids=[e.kind for e in EXTREMES])
def test_extreme_papers_stay_on_their_pages(press, paper, tmp_path):
    """No word leaves the text area sideways or falls off the page (positions as poppler sees them)."""
    path = tmp_path / "x.pdf"
    path.write_bytes(press.render(sheet(paper, body=LONG_BODY), 1, at=AT))
    assert len(pypdf.PdfReader(path).pages) < 80
    if not shutil.which("pdftotext"):
        pytest.skip("poppler is not installed")
    out = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True).stdout
    boxes = [
        tuple(map(float, m.groups()))
        for m in re.finditer(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"', out)
    ]
    assert len(boxes) > 50
    millimetre = 72 / 25.4
    left, right = (25, 23) if paper.kind.is_guide else (28, 26)
    hang = 14  # a comma may hang over the edge, and boxes of turned seal characters are wider than they look
    for x0, y0, x1, y1 in boxes:
        assert x0 > left * millimetre - hang, (x0, y0)
        assert x1 < 595.3 - right * millimetre + hang, (x1, y1)
        assert y0 > 0
        assert y1 < 842


def test_papers_with_nothing_optional_are_printed(press):
    least = [
        p.AcceptanceNotice(addressee="张三", case_number="1", item_name="事项", submitted_on=DAY, accepted_on=DAY),
        p.CorrectionNotice(
            addressee="张三",
            case_number="1",
            item_name="事项",
            submitted_on=DAY,
            items=(p.CorrectionItem(material="甲", problem="乙"),),
        ),
        p.ResumptionNotice(addressee="张三", case_number="1", item_name="事项", suspended_from=DAY, resumed_on=DAY, reasons="原因"),
        p.Decision(
            addressee="张三",
            case_number="1",
            item_name="事项",
            outcome="approved",
            accepted_on=DAY,
            content="准予",
            legal_basis=("法",),
        ),
        p.ResultCertificate(title="证明", holder_name="张三"),
        p.DeliveryReceipt(
            addressee="张三",
            case_number="1",
            item_name="事项",
            delivered=(p.Delivered(name="文书"),),
            method="direct",
            delivered_at=AT,
        ),
        p.CaseCover(title="案卷", case_number="1", item_name="事项", applicant="张三", opened_on=DAY),
        p.DemandReceipt(demand_number="1", person="张三", received_at=AT, summary="内容", owner="某科"),
        p.JointReceipt(
            addressee="张三",
            joint_number="1",
            matter="一件事",
            submitted_at=AT,
            parts=(p.JointLine(name="事项", office="某局"),),
            due_on=DAY,
        ),
        p.ServiceGuide(body="某局", item_name="事项"),
        p.WindowGuide(body="某局", item_name="事项"),
    ]
    for paper in least:
        assert 1 <= len(printed(press, paper).pages) <= 2


def test_a_short_notice_takes_one_page(press):
    for sample in SAMPLES:
        if sample.kind in (
            PaperKind.SUSPENSION_NOTICE,
            PaperKind.EXTENSION_NOTICE,
            PaperKind.DECISION,
            PaperKind.DEMAND_RECEIPT,
            PaperKind.JOINT_RECEIPT,
        ):
            assert len(printed(press, sample).pages) == 1


# -- anything that a model allows -------------------------------------------------------------------------------------------

WORDS = st.text(
    alphabet=st.sampled_from('张三阿·𬀩䶮𪚥,;:()《》“”、。 \nAb1"#$*_<>@[]{}\\/-\u202e\U00031350🎉'), min_size=1, max_size=60
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values for a field of a model, by its annotation."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return values(args[0])
    if origin in (typing.Union, UnionType):
        return st.one_of(*map(values, args))
    if origin is tuple:
        return st.lists(values(args[0]), min_size=1, max_size=4).map(tuple)
    if kind is type(None):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(1, 9)
    if kind is str:
        return WORDS
    if kind is date:
        return st.dates(date(2025, 1, 1), date(2027, 12, 31))
    if kind is AwareDatetime or kind is datetime:
        return st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return models(kind)
    raise TypeError(kind)


def models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(model, include_extras=True)
    fixed = {"digest": st.just("ab" * 32), "trace_head": st.just("cd" * 32), "signature_png": st.just("")}
    fields = {n: fixed[n] if n in fixed else values(hints[n]) for n in model.model_fields}

    def build(data: dict[str, Any]) -> BaseModel | None:
        try:
            return model.model_validate(data)
        except ValidationError:
            return None  # a rule between fields, or a text of nothing but blanks

    return st.fixed_dictionaries(fields).map(build).filter(lambda m: m is not None)


@pytest.mark.parametrize("kind", PaperKind)
@settings(max_examples=12)
@given(data=st.data())
def test_whatever_a_model_allows_can_be_printed(press, kind, data):
    paper = data.draw(models(p.MODELS[kind]))
    assert (
        len(printed(press, paper, sealed=data.draw(st.booleans()), body=data.draw(st.sampled_from([BODY, LONG_BODY]))).pages) >= 1
    )


# -- the press --------------------------------------------------------------------------------------------------------------


def test_many_threads_print_at_once(press):
    expected = press.render(sheet(SAMPLES[0], code="0123456789AB"), 1, at=AT)
    found: list[bytes] = []

    def work() -> None:
        found.extend(press.render(sheet(SAMPLES[0], code="0123456789AB"), 1, at=AT) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [expected] * 30


def test_a_licensed_local_font_comes_first(press, tmp_path):
    """A site's own 仿宋 in its font folder sets the body; here the title font plays it under that name."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    played, name = (FONTS / "LinliTitle.ttf").read_bytes(), "LinliTitle".encode("utf-16-be")
    (fonts / "simfang.ttf").write_bytes(played.replace(name, "仿宋_GB2312".ljust(10).encode("utf-16-be")))
    (fonts / "broken.ttf").write_bytes(b"no font")
    own = Press(local_fonts=fonts, cache=tmp_path / "cache")
    assert own.families["body"] == ["仿宋_GB2312", "Noto Serif SC", "LinliRare"]
    assert press.families["body"] == ["Noto Serif SC", "LinliRare"]
    assert own.render(sheet(SAMPLES[0], code="0123456789AB"), 1, at=AT) != press.render(
        sheet(SAMPLES[0], code="0123456789AB"), 1, at=AT
    )


def test_released_templates_never_change():
    """Documents are printed from a template for ever: a new layout is a new version, added here."""
    listed = {}
    for line in (TEMPLATES / "released.txt").read_text().splitlines():
        digest, path = line.split()
        listed[path] = digest
    assert listed == {f.relative_to(TEMPLATES).as_posix(): sm3(f.read_bytes()).hex() for f in TEMPLATES.rglob("*.typ")}


def test_the_digest_of_a_template_covers_what_it_imports(tmp_path, monkeypatch):
    from linli.domains.documents import engine

    shutil.copytree(TEMPLATES, tmp_path / "t")
    monkeypatch.setattr(engine, "TEMPLATES", tmp_path / "t")
    before = template_digest.__wrapped__(PaperKind.DECISION, 1)
    common = tmp_path / "t/common/1.typ"
    common.write_text(common.read_text() + "\n")
    assert template_digest.__wrapped__(PaperKind.DECISION, 1) != before
    assert Path(common).exists()


def test_the_benefit_notice_prints_the_same_without_measuring_first(press):
    paper = next(s for s in SAMPLES if s.kind is PaperKind.BENEFIT_NOTICE)
    long = paper.model_copy(update={"conditions": tuple(f"第{n}项条件，写得长一些，让告知书多出一页" for n in range(60))})
    for one in (sheet(paper), sheet(long)):
        assert press.render(one, 1, at=AT) == press.render(one, 2, at=AT)
