"""What each kind of paper says: one Pydantic model a kind, checked before anything is numbered.

The descriptions are Chinese, since they describe what stands on a Chinese paper. A model may gain fields with defaults;
it never loses one, because papers composed long ago are still printed from it.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from linli.domains.documents.rules import PaperKind
from linli.kernel.text import noop

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Lines = tuple[Named, ...]


class Part(BaseModel):
    """A piece of a paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Paper(Part):
    """What every kind has in common: its kind and what its heading says."""

    kind: ClassVar[PaperKind]

    @property
    def heading(self) -> str:
        """The title as printed."""
        return self.kind.label

    @property
    def holder(self) -> str:
        """Whom the paper is for, as the verification page masks it; empty when it is for nobody in particular."""
        return ""

    @property
    def holder_is_employer(self) -> bool:
        return False


class Contact(Part):
    """Where to ask or to go."""

    name: Named = Field(description="地点或窗口名称")
    address: Line = Field("", description="地址")
    phone: Line = Field("", description="电话")
    hours: Line = Field("", description="办公时间")


class Remedy(Part):
    """How to have a decision reviewed (行政许可法 38(2); 行政复议法 2023, 20; 行政诉讼法 46)."""

    review_body: Named = Field(description="行政复议机关")
    review_days: int = Field(60, ge=1, le=365, description="申请行政复议的期限（日）")
    court: Named = Field(description="有管辖权的人民法院")
    suit_months: int = Field(6, ge=1, le=60, description="提起行政诉讼的期限（月）")
    review_first: bool = Field(False, description="是否应当先申请行政复议（复议前置）")


class Addressed(Paper):
    """A notice to a party of a case."""

    addressee: Named = Field(description="申请人姓名或单位名称")
    addressee_id: Line = Field("", description="证件号码或统一社会信用代码（个人应已遮蔽）")
    addressee_is_employer: bool = Field(False, description="申请人是否为单位")
    agent: Line = Field("", description="代理人或经办人")
    case_number: Named = Field(description="办件编号")
    item_name: Named = Field(description="事项名称")
    item_code: Line = Field("", description="事项编码")
    contact: Contact | None = Field(None, description="联系窗口")

    @property
    def holder(self) -> str:
        return self.addressee

    @property
    def holder_is_employer(self) -> bool:
        return self.addressee_is_employer


class MaterialLine(Part):
    """One material of a list."""

    name: Named = Field(description="材料名称")
    form: Line = Field("", description="形式（原件、复印件、电子）")
    copies: int | None = Field(None, ge=0, le=999, description="份数")
    source: Line = Field("", description="来源（申请人提交、部门核验、电子证照、告知承诺、由本机关补齐）")
    note: Line = Field("", description="备注")


class PendingMaterial(Part):
    """A material that is still to come (容缺受理)."""

    name: Named = Field(description="材料名称")
    by: date | None = Field(None, description="补交期限")
    owed_by_bureau: bool = Field(False, description="是否由本机关补齐（不需申请人提供）")
    note: Line = Field("", description="说明")


class AcceptanceNotice(Addressed):
    """受理通知书 (行政许可法 32(1)(5), 32(2): accepted in writing, sealed and dated)."""

    kind: ClassVar = PaperKind.ACCEPTANCE_NOTICE

    submitted_on: date = Field(description="提出申请日期")
    accepted_on: date = Field(description="受理日期")
    case_kind: Line = Field("", description="办件类型（即办件、承诺件）")
    materials: tuple[MaterialLine, ...] = Field((), description="收到的材料")
    pending: tuple[PendingMaterial, ...] = Field((), description="容缺或待补齐的材料")
    limit: Line = Field("", description="承诺办结时限，如“10个工作日”")
    statutory_limit: Line = Field("", description="法定办结时限")
    due_on: date | None = Field(None, description="应办结日期")
    due_note: Prose = Field("", description="该日期如何算出")
    fee: Line = Field("不收费", description="收费情况")
    result_document: Line = Field("", description="办理结果名称")
    delivery: Line = Field("", description="领取或送达方式")
    legal_basis: Lines = Field((), description="受理依据")


class CorrectionItem(Part):
    """One thing to put right."""

    material: Named = Field(description="材料名称")
    problem: Told = Field(description="存在的问题")
    how: Prose = Field("", description="如何补正")
    basis: Line = Field("", description="依据")


class CorrectionNotice(Addressed):
    """补正材料一次性告知书 (行政许可法 32(1)(4): everything missing is told at once, within five working days)."""

    kind: ClassVar = PaperKind.CORRECTION_NOTICE

    submitted_on: date = Field(description="收到申请日期")
    items: tuple[CorrectionItem, ...] = Field(min_length=1, description="需要补正的全部内容")
    reply_by: date | None = Field(None, description="补正期限")
    ways: Lines = Field((), description="补正途径（网上、任一窗口、邮寄、上门）")
    consequence: Prose = Field("", description="逾期未补正的后果")
    help: Prose = Field("", description="可以提供的帮助")
    legal_basis: Lines = Field((), description="告知依据")


class RightAuthority(Part):
    """Who is competent instead."""

    name: Named = Field(description="有权受理的机关")
    address: Line = Field("", description="地址")
    phone: Line = Field("", description="电话")


class RefusalGround(StrEnum):
    """Why an application is not accepted (行政许可法 32(1)(1), (2) and others named by law)."""

    NOT_NEEDED = "not_needed"
    NOT_OURS = "not_ours"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {
            "not_needed": noop("申请事项依法不需要办理"),
            "not_ours": noop("申请事项依法不属于本机关职权范围"),
            "other": noop("依法不予受理的其他情形"),
        }[self.value]


class NonAcceptance(Addressed):
    """不予受理决定书 (行政许可法 32(1)(1)(2), 32(2), 38(2)): legal ground, right authority, remedies."""

    kind: ClassVar = PaperKind.NON_ACCEPTANCE

    submitted_on: date = Field(description="收到申请日期")
    ground: RefusalGround = Field(description="不予受理的情形")
    reasons: Told = Field(description="事实和理由")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    right_authority: RightAuthority | None = Field(None, description="有权受理的机关")
    advice: Prose = Field("", description="下一步建议")
    remedy: Remedy = Field(description="救济途径")

    @model_validator(mode="after")
    def _name_the_right_authority(self) -> NonAcceptance:
        if self.ground is RefusalGround.NOT_OURS and self.right_authority is None:
            raise ValueError("不属于本机关职权范围的，应告知有权受理的机关（行政许可法第三十二条第一款第二项）")
        return self


class SuspensionNotice(Addressed):
    """中止(特别程序)告知书 (行政许可法 45: the time needed is told in writing)."""

    kind: ClassVar = PaperKind.SUSPENSION_NOTICE

    accepted_on: date = Field(description="受理日期")
    suspended_from: date = Field(description="中止起始日")
    ground: Named = Field(description="中止情形，如“专家评审”“等待司法机关结论”")
    reasons: Told = Field(description="具体原因")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    expected: Line = Field("", description="预计所需时间")
    expected_until: date | None = Field(None, description="预计恢复日期")
    elapsed: Line = Field("", description="中止前已用时限")
    your_part: Prose = Field("", description="需要申请人配合的事项")


class ResumptionNotice(Addressed):
    """恢复办理告知书: the clock runs again, and until when."""

    kind: ClassVar = PaperKind.RESUMPTION_NOTICE

    suspension_number: Line = Field("", description="中止告知书文号")
    suspended_from: date = Field(description="中止起始日")
    resumed_on: date = Field(description="恢复办理日期")
    reasons: Told = Field(description="恢复原因")
    not_counted: Line = Field("", description="不计入时限的时间")
    due_on: date | None = Field(None, description="重新计算的应办结日期")
    due_note: Prose = Field("", description="该日期如何算出")
    legal_basis: Lines = Field((), description="法律依据")


class ExtensionNotice(Addressed):
    """延长办理期限告知书 (行政许可法 42: with the approval of the head, the reason told to the applicant)."""

    kind: ClassVar = PaperKind.EXTENSION_NOTICE

    accepted_on: date = Field(description="受理日期")
    due_on: date = Field(description="原应办结日期")
    extended_by: Named = Field(description="延长的时间，如“10个工作日”")
    new_due_on: date = Field(description="延长后的应办结日期")
    due_note: Prose = Field("", description="该日期如何算出")
    reasons: Told = Field(description="延长理由")
    approved_by: Named = Field(description="批准人职务，如“本机关负责人”")
    approved_on: date | None = Field(None, description="批准日期")
    legal_basis: Lines = Field(min_length=1, description="法律依据")

    @model_validator(mode="after")
    def _later(self) -> ExtensionNotice:
        if self.new_due_on <= self.due_on:
            raise ValueError("延长后的日期应晚于原应办结日期")
        return self


class Outcome(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        return {"approved": noop("准予"), "rejected": noop("不予")}[self.value]


class Decision(Addressed):
    """准予 or 不予 decision (行政许可法 38: refused in writing, with reasons and remedies)."""

    kind: ClassVar = PaperKind.DECISION

    outcome: Outcome = Field(description="准予或不予")
    matter: Line = Field("", description="标题中的事项，如“行政许可”“社会保险待遇”；空则用事项名称")
    submitted_on: date | None = Field(None, description="提出申请日期")
    accepted_on: date = Field(description="受理日期")
    facts: Prose = Field("", description="审查查明的事实")
    reasons: Prose = Field("", description="理由")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    content: Told = Field(description="决定内容")
    effective: Prose = Field("", description="生效、期限和附带义务")
    result_document: Line = Field("", description="随附的结果文书")
    remedy: Remedy | None = Field(None, description="救济途径")

    @model_validator(mode="after")
    def _refusal_says_why(self) -> Decision:
        if self.outcome is Outcome.REJECTED:
            if not self.facts or not self.reasons:
                raise ValueError("不予决定应写明查明的事实和理由（行政许可法第三十八条第二款）")
            if self.remedy is None:
                raise ValueError("不予决定应告知救济途径（行政许可法第三十八条第二款）")
        return self

    @property
    def heading(self) -> str:
        return f"{self.outcome.label}{self.matter or self.item_name}决定书"


class Row(Part):
    """A label and its value."""

    label: Named = Field(description="项目")
    value: Line = Field("", description="内容")


class ResultCertificate(Paper):
    """办理结果证书、证明: the title comes from the item, the body is rows."""

    kind: ClassVar = PaperKind.RESULT_CERTIFICATE

    title: Named = Field(description="证书或证明名称（事项的办理结果名称）")
    holder_name: Named = Field(description="持有人姓名或单位名称")
    holder_id: Line = Field("", description="证件号码或统一社会信用代码")
    holder_employer: bool = Field(False, description="持有人是否为单位")
    case_number: Line = Field("", description="办件编号")
    item_name: Line = Field("", description="事项名称")
    lead: Prose = Field("", description="正文第一段，如“经审核，以下人员符合……”")
    rows: tuple[Row, ...] = Field((), description="证书内容")
    statement: Prose = Field("", description="说明")
    closing: Line = Field("特此证明。", description="结语")
    valid_from: date | None = Field(None, description="有效期起")
    valid_to: date | None = Field(None, description="有效期止")
    validity: Line = Field("", description="有效期说明，如“长期有效”“两年”")
    legal_basis: Lines = Field((), description="依据")

    @model_validator(mode="after")
    def _dates(self) -> ResultCertificate:
        if self.valid_to and (self.valid_from is None or self.valid_to < self.valid_from):
            raise ValueError("有效期止应不早于有效期起")
        return self

    @property
    def heading(self) -> str:
        return self.title

    @property
    def holder(self) -> str:
        return self.holder_name

    @property
    def holder_is_employer(self) -> bool:
        return self.holder_employer


class DeliveryMethod(StrEnum):
    """Ways of delivery (民事诉讼法 ch. 7 s. 2, which administrative practice follows)."""

    DIRECT = "direct"
    POST = "post"
    ELECTRONIC = "electronic"
    LEFT = "left"
    ENTRUSTED = "entrusted"
    PUBLIC = "public"

    @property
    def label(self) -> str:
        return {
            "direct": noop("直接送达"),
            "post": noop("邮寄送达"),
            "electronic": noop("电子送达"),
            "left": noop("留置送达"),
            "entrusted": noop("委托送达"),
            "public": noop("公告送达"),
        }[self.value]


class Delivered(Part):
    """One paper handed over."""

    name: Named = Field(description="文书名称")
    number: Line = Field("", description="文号")
    copies: int = Field(1, ge=1, le=99, description="份数")


_SIGNATURE_BYTES = 300_000


def _drawn(value: str) -> str:
    if value:
        try:
            raw = b64decode(value, validate=True)
        except ValueError as error:
            raise ValueError("签名图片不是 Base64") from error
        if not raw.startswith(b"\x89PNG\r\n\x1a\n") or len(raw) > _SIGNATURE_BYTES:
            raise ValueError("签名图片应为 300 KB 以内的 PNG")
        width, height = int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")
        if not (0 < width <= 3000 and 0 < height <= 3000):
            raise ValueError("签名图片尺寸过大")
    return value


Drawing = Annotated[str, AfterValidator(_drawn)]  # a signature drawn on a screen, PNG in Base64


class DeliveryReceipt(Addressed):
    """送达回证: what was handed to whom, when, how, with a signature drawn on the device or a receipt code."""

    kind: ClassVar = PaperKind.DELIVERY_RECEIPT

    delivered: tuple[Delivered, ...] = Field(min_length=1, description="送达文书")
    method: DeliveryMethod = Field(description="送达方式")
    place: Line = Field("", description="送达地点或邮寄地址")
    delivered_at: AwareDatetime = Field(description="送达时间")
    receiver: Line = Field("", description="签收人")
    relation: Line = Field("", description="签收人与受送达人的关系（本人、代理人、同住成年家属）")
    signature_png: Drawing = Field("", repr=False, description="手写签名图片（PNG,Base64）")
    receipt_code: Line = Field("", description="签收凭据（电子签收码、邮件号）")
    deliverers: Lines = Field((), description="送达人")
    witnesses: Lines = Field((), description="见证人")
    refusal: Prose = Field("", description="拒收事由和处理情况")
    note: Prose = Field("", description="备注")


class Content(Part):
    """One line of the list inside a case file."""

    name: Named = Field(description="文件题名")
    number: Line = Field("", description="文号")
    author: Line = Field("", description="责任者")
    on: date | None = Field(None, description="日期")
    pages: Line = Field("", description="页数或页次")
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$", max_length=64)] = Field("", description="SM3 摘要")
    note: Line = Field("", description="备注")


class CaseCover(Paper):
    """案卷封面 with 卷内目录 (GB/T 42727-2023: content, structure and metadata of the archive package)."""

    kind: ClassVar = PaperKind.CASE_COVER

    title: Named = Field(description="案卷题名")
    archive_code: Line = Field("", description="档号")
    fonds: Line = Field("", description="全宗名称")
    category: Line = Field("", description="类别（业务条线）")
    case_number: Named = Field(description="办件编号")
    item_name: Named = Field(description="事项名称")
    applicant: Named = Field(description="申请人")
    applicant_is_employer: bool = Field(False, description="申请人是否为单位")
    department: Line = Field("", description="承办单位")
    opened_on: date = Field(description="受理日期")
    closed_on: date | None = Field(None, description="办结日期")
    outcome: Line = Field("", description="办理结果")
    retention: Line = Field("", description="保管期限")
    contents: tuple[Content, ...] = Field((), description="卷内文件")
    checks: tuple[Row, ...] = Field((), description="四性检测结果")
    trace_head: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$", max_length=64)] = Field(
        "", description="留痕链末端摘要（SM3）"
    )
    archived_by: Line = Field("", description="立卷人或系统")
    note: Prose = Field("", description="备考")

    @property
    def holder(self) -> str:
        return self.applicant

    @property
    def holder_is_employer(self) -> bool:
        return self.applicant_is_employer


class Commitment(Addressed):
    """告知承诺书: what was told, what is promised in place of a material (or to be brought later), and the signature."""

    kind: ClassVar = PaperKind.COMMITMENT

    case_number: Line = Field("", description="办件编号（签字在前的空白承诺书没有）")
    pending: bool = Field(False, description="是否容缺补交（承诺以后交来，而不是承诺属实）")
    material: Named = Field(description="承诺代替或补交的材料")
    required: Told = Field(description="告知：要求提供什么")
    basis: Prose = Field("", description="告知：依据")
    choice: Prose = Field("", description="告知：可以不承诺")
    promised: Told = Field(description="承诺的内容")
    check: Prose = Field("", description="核查或提醒的方式和期限")
    provisional: Prose = Field("", description="凭承诺作出的结果是否暂行")
    consequence: Told = Field(description="不实承诺或逾期的后果")
    repair: Prose = Field("", description="如何改正")
    sources: Lines = Field((), description="告知内容的出处")
    due_on: date | None = Field(None, description="补交或核查的最后一天")
    signer: Line = Field("", description="承诺人（与申请人不同时）")
    signed_on: date | None = Field(None, description="签署日期")
    signed_how: Line = Field("", description="签署方式")
    signature_png: Drawing = Field("", repr=False, description="手写签名图片（PNG,Base64）")

    @property
    def heading(self) -> str:
        return "容缺受理承诺书" if self.pending else self.kind.label


class BreachNotice(Addressed):
    """承诺核查情况告知书: the facts that belie a commitment, what is intended, and until when the applicant can answer."""

    kind: ClassVar = PaperKind.BREACH_NOTICE

    material: Named = Field(description="承诺代替的材料")
    promised_on: date = Field(description="承诺日期")
    facts: Told = Field(description="核查发现的情况")
    intended: Told = Field(description="拟作出的处理")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    answer_by: date = Field(description="陈述申辩的最后一天")


class BreachDecision(Addressed):
    """承诺不实处理决定书: facts, what the applicant said, the decision, until when it is noted, and how to have it reviewed."""

    kind: ClassVar = PaperKind.BREACH_DECISION

    material: Named = Field(description="承诺代替的材料")
    facts: Told = Field(description="查明的事实")
    statement: Prose = Field("", description="申请人的陈述申辩")
    reasons: Told = Field(description="理由")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    revoked: Lines = Field((), description="撤销的文书")
    noted_until: date = Field(description="信用记录保留到")
    repair: Told = Field(description="如何修复")
    remedy: Remedy = Field(description="救济途径")


class BenefitNotice(Addressed):
    """待遇发放告知书: what the bureau grants without an application, why, how much, and how to have it reviewed."""

    kind: ClassVar = PaperKind.BENEFIT_NOTICE

    benefit: Named = Field(description="待遇名称")
    period: Named = Field(description="所属期间")
    amount: Named = Field(description="金额（元）")
    decided_on: date = Field(description="核定日期")
    conditions: Lines = Field(min_length=1, description="符合的条件")
    measure: Line = Field("", description="计算标准")
    legal_basis: Lines = Field(min_length=1, description="依据")
    published: Line = Field("", description="公示情况")
    paid_to: Told = Field(description="发放方式")
    remedy: Remedy = Field(description="救济途径")


class Reached(Part):
    """One time somebody was reached out for."""

    on: date = Field(description="日期")
    way: Named = Field(description="联系方式")
    outcome: Named = Field(description="结果")


class PaymentStopped(Addressed):
    """待遇暂停发放决定书: what is held back from whom and since when, on which facts and ground, after what was tried; how it goes on."""

    kind: ClassVar = PaperKind.PAYMENT_STOPPED

    receiver: Named = Field(description="领取人姓名")
    benefit: Named = Field(description="待遇名称")
    since: date = Field(description="暂停发放的起始日")
    decided_on: date = Field(description="决定日期")
    facts: Told = Field(description="查明的事实")
    reached: tuple[Reached, ...] = Field(min_length=1, description="本机关联系本人的经过")
    reasons: Told = Field(description="理由")
    legal_basis: Lines = Field(min_length=1, description="法律依据")
    resume: Lines = Field(min_length=1, description="怎样恢复发放")
    remedy: Remedy = Field(description="救济途径")


class PaymentResumed(Addressed):
    """待遇恢复发放告知书: that payment goes on, why, and which months are paid afterwards."""

    kind: ClassVar = PaperKind.PAYMENT_RESUMED

    receiver: Named = Field(description="领取人姓名")
    benefit: Named = Field(description="待遇名称")
    stopped_by: Line = Field("", description="原暂停发放决定书文号")
    since: date = Field(description="暂停发放的起始日")
    resumed_on: date = Field(description="恢复发放日期")
    reasons: Told = Field(description="恢复的原因")
    owed: Lines = Field((), description="补发的月份")
    remedy: Remedy = Field(description="救济途径")


class DemandReceipt(Paper):
    """诉求登记回执: no demand is turned away; it has an owner and a date."""

    kind: ClassVar = PaperKind.DEMAND_RECEIPT

    demand_number: Named = Field(description="诉求编号")
    person: Named = Field(description="反映人")
    is_employer: bool = Field(False, description="反映人是否为单位")
    phone: Line = Field("", description="联系电话（应已遮蔽）")
    received_at: AwareDatetime = Field(description="登记时间")
    channel: Line = Field("", description="登记渠道")
    place: Line = Field("", description="登记地点")
    category: Line = Field("", description="诉求类别")
    summary: Told = Field(description="诉求内容")
    wish: Prose = Field("", description="期望结果")
    owner: Named = Field(description="承办单位")
    reply_by: date | None = Field(None, description="答复期限")
    reply_note: Prose = Field("", description="该日期如何算出")
    next_steps: Lines = Field((), description="接下来会怎样")
    contact: Contact | None = Field(None, description="查询联系方式")

    @property
    def holder(self) -> str:
        return self.person

    @property
    def holder_is_employer(self) -> bool:
        return self.is_employer


class JointLine(Part):
    """One part of a joint matter."""

    name: Named = Field(description="事项名称")
    office: Named = Field(description="办理部门")
    number: Line = Field("", description="办件编号")
    due_on: date | None = Field(None, description="最迟办结日期")
    note: Line = Field("", description="说明，如等哪一项的结果")


class JointReceipt(Paper):
    """一件事受理回执: what was handed in once, which department does which part, and until when each and all are done."""

    kind: ClassVar = PaperKind.JOINT_RECEIPT

    addressee: Named = Field(description="申请人姓名或单位名称")
    addressee_id: Line = Field("", description="证件号码或统一社会信用代码（个人应已遮蔽）")
    addressee_is_employer: bool = Field(False, description="申请人是否为单位")
    agent: Line = Field("", description="代办人")
    joint_number: Named = Field(description="联办编号")
    matter: Named = Field(description="一件事名称")
    submitted_at: AwareDatetime = Field(description="提交时间")
    parts: tuple[JointLine, ...] = Field(min_length=1, description="办理的事项")
    materials: Lines = Field((), description="收下的材料（一套，各部门共用）")
    due_on: date = Field(description="全部办结日期")
    due_note: Prose = Field("", description="该日期如何算出")
    contact: Contact | None = Field(None, description="联系窗口")

    @property
    def holder(self) -> str:
        return self.addressee

    @property
    def holder_is_employer(self) -> bool:
        return self.addressee_is_employer


class GuideMaterial(Part):
    """One material of a guide."""

    name: Named = Field(description="材料名称")
    form: Line = Field("", description="形式")
    copies: int | None = Field(None, ge=0, le=999, description="份数")
    required: Line = Field("", description="必要性（必要、非必要、视情形）")
    source: Line = Field("", description="来源渠道")
    instead: Line = Field("", description="可免提交的方式（数据共享、电子证照、告知承诺）")
    basis: Line = Field("", description="依据")
    note: Line = Field("", description="说明或情形")


class FlowStep(Part):
    """One box of the flow picture."""

    name: Named = Field(description="环节")
    who: Line = Field("", description="承办方")
    limit: Line = Field("", description="时限")
    note: Line = Field("", description="说明")


class Guide(Paper):
    """What both guides have in common."""

    body: Named = Field(description="实施主体")
    item_name: Named = Field(description="事项名称")
    main_name: Line = Field("", description="主项名称")
    item_code: Line = Field("", description="事项编码")
    item_kind: Line = Field("", description="事项类型")
    standard_version: Line = Field("", description="事项标准版本")
    published_on: date | None = Field(None, description="发布日期")
    flow: tuple[FlowStep, ...] = Field((), description="流程图环节")


class ServiceGuide(Guide):
    """办事指南: the elements of an item as the resident reads them (国令722号 优化营商环境条例 35; GB/T 36112)."""

    kind: ClassVar = PaperKind.SERVICE_GUIDE

    applicants: Line = Field("", description="服务对象")
    summary: Prose = Field("", description="事项说明")
    conditions: Lines = Field((), description="办理条件（须同时满足）")
    conditions_any: Lines = Field((), description="办理条件（满足其一）")
    benefit: Prose = Field("", description="待遇或补贴标准")
    materials: tuple[GuideMaterial, ...] = Field((), description="申请材料")
    steps: Lines = Field((), description="办理流程（申请人）")
    limits: tuple[Row, ...] = Field((), description="办理时限")
    fee: Line = Field("不收费", description="收费标准")
    result_document: Line = Field("", description="办理结果")
    result_validity: Line = Field("", description="结果有效期")
    trips: int | None = Field(None, ge=0, le=9, description="到现场次数")
    channels: Lines = Field((), description="办理渠道")
    online_url: Line = Field("", description="网上办理地址")
    places: tuple[Contact, ...] = Field((), description="办理地点")
    consult: Line = Field("", description="咨询电话")
    complaint: Line = Field("", description="监督投诉")
    legal_basis: Lines = Field((), description="设定依据")
    remedy: Remedy | None = Field(None, description="救济途径")


class MaterialPoints(Part):
    """What to look at in one material."""

    name: Named = Field(description="材料名称")
    form: Line = Field("", description="形式和份数")
    source: Line = Field("", description="来源")
    points: Lines = Field((), description="受理要点")
    mistakes: Lines = Field((), description="常见错误及处理")


class NotToAsk(Part):
    what: Named = Field(description="不得要求申请人提供的材料或信息")
    instead: Line = Field("", description="由谁、从哪里取得")


class Prefilled(Part):
    field: Named = Field(description="表单字段")
    source: Named = Field(description="预填来源")


class Route(Part):
    when: Named = Field(description="情形")
    to: Named = Field(description="流向")
    note: Line = Field("", description="说明")


class Role(Part):
    step: Named = Field(description="环节（受理、审核、决定、出件）")
    post: Named = Field(description="岗位")
    org: Line = Field("", description="机构")
    how: Line = Field("", description="如何产生（随机派件、当班）")


class ClockLine(Part):
    name: Named = Field(description="时限名称")
    limit: Named = Field(description="时限")
    start: Line = Field("", description="起算")
    basis: Line = Field("", description="依据")


class Script(Part):
    situation: Named = Field(description="场景")
    say: Told = Field(description="怎么说")


class WindowGuide(Guide):
    """受办分离操作指南: how one item is taken in, reviewed, decided and issued by different people (受审分离)."""

    kind: ClassVar = PaperKind.WINDOW_GUIDE

    summary: Prose = Field("", description="事项要点")
    roles: tuple[Role, ...] = Field((), description="谁受理、谁审核、谁决定、谁出件")
    prohibited: Lines = Field((), description="禁止同一人办理的环节")
    materials: tuple[MaterialPoints, ...] = Field((), description="逐项材料受理要点")
    not_to_ask: tuple[NotToAsk, ...] = Field((), description="不得向申请人索要")
    prefilled: tuple[Prefilled, ...] = Field((), description="系统预填字段")
    routing: tuple[Route, ...] = Field((), description="流转规则")
    clocks: tuple[ClockLine, ...] = Field((), description="时限")
    clock_notes: Lines = Field((), description="时限注意事项")
    scripts: tuple[Script, ...] = Field((), description="窗口用语")
    refusal_rule: Prose = Field("", description="不能受理时怎么办")
    contacts: tuple[Contact, ...] = Field((), description="业务支持")


MODELS: dict[PaperKind, type[Paper]] = {
    model.kind: model
    for model in (
        AcceptanceNotice, CorrectionNotice, NonAcceptance, SuspensionNotice, ResumptionNotice, ExtensionNotice, Decision,
        ResultCertificate, DeliveryReceipt, CaseCover, Commitment, BreachNotice, BreachDecision, BenefitNotice, PaymentStopped, PaymentResumed, DemandReceipt,
        JointReceipt, ServiceGuide, WindowGuide,
    )
}  # fmt: skip
