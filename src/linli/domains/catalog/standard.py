"""What an item *is*: the eight unified elements (八统一) and what goes with them, as one document.

主项名称, 子项名称, 设定依据, 申请材料, 办事流程(申请人), 经办流程(后台), 办理时限, 表单内容. A published document is frozen; a case keeps
the one it began under.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from linli.domains.catalog.plan import Plan, make_plan
from linli.domains.catalog.words import Code, ItemKind, Limit, Link, Part, Text
from linli.kernel.text import noop


class NoticeLimit(Limit):
    """Time to tell everything that is missing; ``deemed_accepted`` when silence counts as acceptance."""

    deemed_accepted: bool = True


class ExtensionLimit(Limit):
    """By how much a limit may be prolonged, once, and by whom."""

    approver: str = ""


class Times(Part):
    """All limits of an item. ``statutory`` escalates, ``promised`` is what the resident is told and what is measured."""

    instant: bool = False
    notice: NoticeLimit | None = None
    statutory: Limit | None = None
    promised: Limit | None = None
    delivery: Limit | None = None
    extension: ExtensionLimit | None = None
    note: str = ""


class Basis(Part):
    law: Text
    article: str = ""


class MaterialForm(StrEnum):
    ORIGINAL = "original"
    COPY = "copy"
    ELECTRONIC = "electronic"

    @property
    def label(self) -> str:
        return {"original": noop("原件"), "copy": noop("复印件"), "electronic": noop("电子")}[self.value]


class Required(StrEnum):
    YES = "yes"
    NO = "no"
    CONDITIONAL = "conditional"

    @property
    def label(self) -> str:
        return {"yes": noop("必要"), "no": noop("非必要"), "conditional": noop("视情形")}[self.value]


class Source(StrEnum):
    APPLICANT = "applicant"
    GOVERNMENT = "government"

    @property
    def label(self) -> str:
        return {"applicant": noop("申请人自备"), "government": noop("政府部门核发")}[self.value]


class Replacement(StrEnum):
    """What may stand in for a material so that the resident brings less."""

    DATA_SHARE = "data-share"
    E_CERTIFICATE = "e-certificate"
    COMMITMENT = "credit-commitment"

    @property
    def label(self) -> str:
        return {"data-share": noop("数据共享"), "e-certificate": noop("电子证照"), "credit-commitment": noop("告知承诺")}[
            self.value
        ]


class Material(Part):
    """One paper or datum. What the bureau can lawfully get itself the resident is never asked for (国令716号 art. 7).

    With ``pending_days`` a case may be accepted without it against a written promise to bring it within so many working days
    (容缺受理; only what the guide lists). With ``provisional`` a result that rests on a commitment in its place is provisional
    until the commitment has been checked.
    """

    code: Code
    name: Text
    form: MaterialForm = MaterialForm.ORIGINAL
    copies: int | None = Field(None, ge=0, le=99)
    required: Required = Required.YES
    condition: str = ""
    question: str = ""  # how an applicant is asked whether the situation is given
    source: Source = Source.APPLICANT
    issued_by: str = ""
    replaced_by: Replacement | None = None
    basis: str = ""
    note: str = ""
    pending_days: int | None = Field(None, ge=1, le=60)
    provisional: bool = False

    @property
    def asks(self) -> str:
        """The situation as a question to whoever applies."""
        return self.question or f"您是不是这种情况：{self.condition.strip('，。；：')}？"

    @property
    def from_departments(self) -> bool:
        """Whether the bureau gets it itself: the resident is not asked, and if the source is down the bureau owes it."""
        return self.replaced_by in (Replacement.DATA_SHARE, Replacement.E_CERTIFICATE)

    @property
    def may_be_committed(self) -> bool:
        return self.replaced_by is Replacement.COMMITMENT

    @model_validator(mode="after")
    def _condition_stands_with_conditional(self) -> Material:
        if self.required is Required.CONDITIONAL and not self.condition:
            raise ValueError("“视情形”的材料应写明情形")
        return self

    @model_validator(mode="after")
    def _promises_fit(self) -> Material:
        if self.pending_days and self.from_departments:
            raise ValueError("由部门核验的材料不向申请人收取，不能列入容缺补交")
        if self.provisional and not self.may_be_committed:
            raise ValueError("只有可以告知承诺的材料，才能凭承诺先出结果")
        return self


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long-text"
    DATE = "date"
    YEAR_MONTH = "year-month"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    SELECT = "select"
    PHONE = "phone"
    ID_NUMBER = "id-number"
    CREDIT_CODE = "unified-social-credit-code"
    ADDRESS = "address"
    BANK_ACCOUNT = "bank-account"
    TABLE = "table"
    FILE = "file"
    SIGNATURE = "signature"

    @property
    def label(self) -> str:
        return _FIELD_TYPES[self]


_FIELD_TYPES = {
    FieldType.TEXT: noop("文字"),
    FieldType.LONG_TEXT: noop("长文字"),
    FieldType.DATE: noop("日期"),
    FieldType.YEAR_MONTH: noop("年月"),
    FieldType.NUMBER: noop("数字"),
    FieldType.MONEY: noop("金额（元）"),
    FieldType.BOOLEAN: noop("是否"),
    FieldType.SELECT: noop("选项"),
    FieldType.PHONE: noop("电话"),
    FieldType.ID_NUMBER: noop("证件号码"),
    FieldType.CREDIT_CODE: noop("统一社会信用代码"),
    FieldType.ADDRESS: noop("地址"),
    FieldType.BANK_ACCOUNT: noop("银行账号"),
    FieldType.TABLE: noop("明细表"),
    FieldType.FILE: noop("附件"),
    FieldType.SIGNATURE: noop("签名"),
}


class FormField(Part):
    """One field of the form; ``options`` for a choice, empty when anything may be written.

    A field of type file is not typed but handed in (``Standard.attachments``); where it asks for what is in the list of materials
    anyway, ``material`` says which one, and it is asked for only there.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    label: Text
    type: FieldType = FieldType.TEXT
    required: bool = False
    options: tuple[str, ...] = ()
    note: str = ""
    material: Code | Literal[""] = ""


ApplicantKind = Literal["person", "employer"]
ServiceChannel = Literal["window", "online", "mobile", "self-service", "agent"]
Level = Literal["province", "city", "county", "town", "village"]
Handling = Literal["linli", "external"]


# What the short words of a document are called; the keys are what it stores.
CHOICES: dict[str, dict[str, str]] = {
    "applicant_kinds": {"person": noop("个人"), "employer": noop("用人单位")},
    "channels": {
        "window": noop("窗口"), "online": noop("网上"), "mobile": noop("手机"), "self-service": noop("自助终端"), "agent": noop("代办"),
    },
    "levels": {
        "province": noop("省"), "city": noop("市"), "county": noop("县"), "town": noop("乡镇"), "village": noop("村"),
    },
    "handled_in": {"linli": noop("本平台"), "external": noop("外部系统")},
    "special": {
        "publicity": noop("公示"), "inspection": noop("现场核查"), "expert_review": noop("专家评审"), "hearing": noop("听证"),
        "testing": noop("考试考核"), "appraisal": noop("鉴定评估"),
    },
    "certainty": {
        "V": noop("已核对法律法规原文"), "M": noop("多处公开资料一致，原文待核"), "L": noop("本地规定或单位惯例"),
        "K": noop("按经验填写，尚无依据"),
    },
}  # fmt: skip


class Provenance(Part):
    """Where the content comes from and which keys were filled in from knowledge rather than read."""

    region: str = ""
    sources: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()


_TERM = re.compile(r"([1-9][0-9]?)(年|个月)")


class Standard(Part):
    """The document of one item at one time in one place."""

    main_code: Code
    main_name: Text
    code: Code
    name: Text
    domain: Code
    domain_name: Text
    kind: ItemKind
    applicant_kinds: tuple[ApplicantKind, ...] = Field(min_length=1)
    legal_basis: tuple[Basis, ...] = ()
    materials: tuple[Material, ...] = ()
    applicant_steps: tuple[Text, ...] = ()
    links: tuple[Link, ...] = ()
    times: Times = Times()
    form: tuple[FormField, ...] = ()
    summary: str = ""
    conditions: tuple[Text, ...] = ()
    conditions_any: tuple[Text, ...] = ()
    benefit: str = ""
    fee: str = ""
    result_document: str = ""
    result_validity: str = ""
    channels: tuple[ServiceChannel, ...] = ()
    levels: tuple[Level, ...] = ()
    trips: int | None = Field(None, ge=0, le=9)
    handled_in: Handling = "linli"
    external_system: str = ""
    national_code: str = ""
    region_code: str = ""
    papers: dict[str, int] = Field(default_factory=dict)  # template versions pinned at publication, by kind of paper
    provenance: Provenance = Provenance()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Standard:
        for what, names in (
            ("表单字段", [f.name for f in self.form]),
            ("材料编码", [m.code for m in self.materials]),
            ("材料名称", [m.name for m in self.materials]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what}重复：{'、'.join(twice)}")
        codes = {m.code for m in self.materials}
        for f in self.form:
            if f.material and (f.type is not FieldType.FILE or f.material not in codes):
                raise ValueError(f"表单字段“{f.label}”对应的材料“{f.material}”不在申请材料中，或者字段不是附件")
            if f.type is FieldType.FILE and f.name in codes:
                raise ValueError(f"附件字段“{f.name}”与材料编码重复")
        if self.handled_in == "external" and not self.external_system:
            raise ValueError("在其他系统办理的事项应写明系统名称")
        return self

    @property
    def plan(self) -> Plan:
        """Who does what after acceptance, derived from the links."""
        return make_plan(self.links, kind=self.kind, result_document=self.result_document)

    @property
    def result_months(self) -> int | None:
        """For how many months the result stands, where the validity is a plain term ("3年"); words are kept as words."""
        term = _TERM.fullmatch(self.result_validity)
        return int(term[1]) * (12 if term[2] == "年" else 1) if term else None

    @property
    def attachments(self) -> tuple[Material, ...]:
        """What the form asks to be attached, each as a paper to hand in whose code is the name of its field."""
        return tuple(
            Material(
                code=f.name,
                name=f.label,
                form=MaterialForm.ELECTRONIC,
                required=Required.YES if f.required else Required.NO,
                note=f.note,
            )
            for f in self.form
            if f.type is FieldType.FILE and not f.material
        )

    @property
    def typed(self) -> tuple[FormField, ...]:
        """The fields that are filled in, without what is attached."""
        return tuple(f for f in self.form if f.type is not FieldType.FILE)

    @property
    def to_hand_in(self) -> tuple[Material, ...]:
        """Everything a case gathers: the materials of the list and what the form asks to be attached."""
        return self.materials + self.attachments

    def material(self, code: str) -> Material | None:
        return next((m for m in self.to_hand_in if m.code == code), None)

    def dump(self) -> dict[str, Any]:
        """As it is stored: JSON values, defaults left out."""
        return self.model_dump(mode="json", exclude_defaults=True)
