"""What can be wrong when a resident signs in, gives a mandate or asks for their rights."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class CodeTooSoon(LinliError):
    code = "people.code_too_soon"
    template = noop("验证码发得太频繁，%(minutes)s 分钟后才能再发。")
    remedy = noop("已经收到的验证码 5 分钟内有效，可以直接用。")


class CodeWrong(LinliError):
    code = "people.code_wrong"
    template = noop("验证码不对，或已过期。")
    remedy = noop("请核对最新收到的那一条；超过 5 分钟请重新获取。")


class MobileOnly(LinliError):
    code = "people.mobile_only"
    template = noop("请填写 11 位手机号，固定电话收不到短信。")


class ProofOver(LinliError):
    """The telephone was shown too long ago, or not at all."""

    code = "people.proof_over"
    template = noop("这一步等得太久了。")
    remedy = noop("请重新获取验证码。")


class PhoneTaken(LinliError):
    code = "people.phone_taken"
    kind = Kind.CONFLICT
    template = noop("这个手机号已用于另一个人的登录。")
    remedy = noop("请换一个手机号；如果号码现在归您使用，请到窗口办理。")


class StartCodeWrong(LinliError):
    code = "people.start_code_wrong"
    template = noop("启用码不对、已用过或已过期。")
    remedy = noop("请对照窗口给您的纸条逐字核对；仍不行，请到窗口重新领取。")


class IdentityDiffers(LinliError):
    """What an identity provider says does not agree with what is known here."""

    code = "people.identity_differs"
    kind = Kind.CONFLICT
    template = noop("统一身份认证给出的身份与本局登记的不一致，没有登录。")
    remedy = noop("请带身份证到就近窗口核对，或拨打服务电话。")


class NotVerified(LinliError):
    """Somebody who has only said who they are."""

    code = "people.not_verified"
    kind = Kind.NOT_ALLOWED
    template = noop("您的身份还没有核实，暂时不能办这一步。")
    remedy = noop("到窗口领取启用码，或用统一身份认证登录后再办。")


class AgentUnknown(LinliError):
    code = "people.agent_unknown"
    template = noop("没有找到姓名和证件号码都相符的人。")
    remedy = noop("请核对两项内容。对方须在本局登记过；没有登记的，请对方带身份证到就近窗口登记。")


class AgentIsPrincipal(LinliError):
    code = "people.agent_is_principal"
    template = noop("不能授权给本人。")


class AgentIsClerk(LinliError):
    code = "people.agent_is_clerk"
    kind = Kind.NOT_ALLOWED
    template = noop("不能由受托人自己登记这份委托。")
    remedy = noop("请由其他窗口的同事登记。")


class MandateDaysWrong(LinliError):
    code = "people.mandate_days"
    template = noop("截止日应在 %(first)s 至 %(last)s 之间。")


class GroundUnfit(LinliError):
    code = "people.mandate_ground"
    template = noop("“%(ground)s”不适用于这位委托人。")
    remedy = noop("未成年人的父母只适用于未满 18 周岁的人；单位经办人只适用于单位。")


class ScopeMissing(LinliError):
    code = "people.mandate_scope"
    template = noop("请至少选择一项可以代办的事。")


class EvidenceMissing(LinliError):
    code = "people.mandate_evidence"
    template = noop("请写明核对了哪份文书。")


class MandateOver(LinliError):
    code = "people.mandate_over"
    kind = Kind.CONFLICT
    template = noop("这份授权已经失效，或已附有委托书。")
    remedy = noop("需要更换的，请重新授权一次。")


class ObjectionEmpty(LinliError):
    code = "people.objection_empty"
    template = noop("请写明哪里不对，应当是什么。")


class AnswerEmpty(LinliError):
    code = "people.answer_empty"
    template = noop("请写明核实结果；不更正的，写明理由。")


class CorrectionMissing(LinliError):
    code = "people.correction_missing"
    template = noop("请填写更正后的内容；填好答复后，登记马上改过来。")


class CorrectionWrong(LinliError):
    code = "people.correction_wrong"
    template = noop("更正后的内容写得不对：日期写成 2000-01-31，性别写“男”或“女”。")


class ObjectionOver(LinliError):
    code = "people.objection_over"
    kind = Kind.CONFLICT
    template = noop("这件异议已经办结。")
    remedy = noop("如有新的情况，可以重新提出。")
