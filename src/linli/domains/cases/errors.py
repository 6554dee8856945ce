"""Expected errors of the spine; each says what to do next."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class CaseChanged(LinliError):
    code = "cases.changed"
    kind = Kind.CONFLICT
    template = noop("这件办件在您打开之后已被他人办理（现为“%(state)s”）。")
    remedy = noop("您填写的内容还在本页；请刷新查看最新状态后再操作。")


class MoveNotPossible(LinliError):
    code = "cases.move_not_possible"
    kind = Kind.CONFLICT
    template = noop("办件现为“%(state)s”，不能%(move)s。")
    remedy = noop("请刷新页面查看最新状态。")


class NoAuthority(LinliError):
    code = "cases.no_authority"
    kind = Kind.NOT_ALLOWED
    template = noop("本单位对“%(item)s”没有%(power)s权限。")
    remedy = noop("可登记为诉求转有权单位办理，或请管理员核对事项授权。")


class GoesElsewhere(NoAuthority):
    """Another place may do it, and which."""

    remedy = noop("这件事由“%(place)s”%(power)s，请告诉申请人到那里办，或者登记为诉求转过去。")


class AcceptedElsewhere(NoAuthority):
    """A case that lies here only because it was received here: another place says whether it is accepted."""

    remedy = noop("收件后系统转给“%(place)s”受理，申请人不用再跑；结果可以选在这里领取。")


class BeingAttended(LinliError):
    code = "cases.being_attended"
    kind = Kind.CONFLICT
    template = noop("同事正在办这件网上收件。")
    remedy = noop("请办下一件；同事放下后，或者 20 分钟没有动静，您就可以接着办。")


class NotACounter(LinliError):
    code = "cases.not_a_counter"
    template = noop("这里不能领取结果。")
    remedy = noop("请从列出的大厅、乡镇（街道）和村（社区）窗口中选择。")


class AlreadyHandedOver(LinliError):
    code = "cases.already_handed_over"
    kind = Kind.CONFLICT
    template = noop("结果已经送达，或者这件事已经结束，不用再选领取地点。")
    remedy = noop("请刷新页面查看最新状态。")


class MaterialsMissing(LinliError):
    code = "cases.materials_missing"
    template = noop("还缺：%(names)s。")
    remedy = noop("请收取后再受理；缺少的材料可出具一次性补正告知书。")


class AskedForTooMuch(LinliError):
    code = "cases.asked_for_too_much"
    template = noop("“%(name)s”可由我局向%(issuer)s核验，不能要求申请人提供。")
    remedy = noop("请从补正清单中去掉该项；该材料由我局补齐（国务院令第716号第七条）。")


class CorrectionOnce(LinliError):
    code = "cases.correction_once"
    kind = Kind.CONFLICT
    template = noop("补正只能一次性告知，本案已于 %(day)s 告知过。")
    remedy = noop("未列入告知书的内容不能作为不予受理的理由；请按已收到的材料受理。")


class NothingToCorrect(LinliError):
    code = "cases.nothing_to_correct"
    template = noop("补正清单是空的。")
    remedy = noop("请至少选择一项材料或一个表单栏目，并写明需要补正什么。")


class StillMissing(LinliError):
    code = "cases.still_missing"
    template = noop("补正清单中还缺：%(names)s。")
    remedy = noop("请收齐后再登记补正。")


class GroundUnknown(LinliError):
    code = "cases.ground_unknown"
    template = noop("“%(ground)s”不是法律规定的理由。")
    remedy = noop("请从清单中选择；等待申请人不是中止的理由。")


class ReasonMissing(LinliError):
    code = "cases.reason_missing"
    template = noop("请写明%(what)s。")


class DateMissing(LinliError):
    code = "cases.date_wrong"
    template = noop("预计日期应在今天之后。")


class ExtendedBefore(LinliError):
    code = "cases.extended_before"
    kind = Kind.CONFLICT
    template = noop("本案的%(kind)s已延长过一次，不能再次延长。")


class ExtensionNotProvided(LinliError):
    code = "cases.extension_not_provided"
    template = noop("最多可延长 %(most)s %(unit)s（%(basis)s）。")
    remedy = noop("请改小延长的天数；法律没有规定可以延长的，不能延长法定时限。")


class NotYourStep(LinliError):
    code = "cases.not_your_step"
    kind = Kind.NOT_FOUND
    template = noop("这一环节不在您名下。")
    remedy = noop("请按“下一件”领取系统派给您的办件。")


class SamePerson(LinliError):
    code = "cases.same_person"
    kind = Kind.NOT_ALLOWED
    template = noop("您已经办理过本案的其他环节，不能再办理这一环节。")
    remedy = noop("受理与审核、决定与出件必须由不同的人办理，请交由同事办理。")


class OnAnothersTable(SamePerson):
    """Somebody else began to prepare the result; two people never do."""

    code = "cases.on_anothers_table"
    template = noop("同事正在制作本案的结果。")
    remedy = noop("请取下一件办理。")


class OpinionMissing(LinliError):
    code = "cases.opinion_missing"
    template = noop("请选择同意或不同意，并写明意见。")


class GroundsMissing(OpinionMissing):
    code = "cases.grounds_missing"
    template = noop("不予批准的，应当写明%(what)s。")
    remedy = noop("申请人凭它了解原因，也凭它申请复议或者提起诉讼。")


class Interested(LinliError):
    code = "cases.interested"
    kind = Kind.NOT_ALLOWED
    template = noop("您已申请回避本案，答复之前不能再提出意见或作出决定。")
    remedy = noop("请按“下一件”办理其他办件；不同意回避的，会在本案页面告知您。")


class LinksOpen(LinliError):
    code = "cases.links_open"
    template = noop("还有环节没有办理：%(names)s。")
    remedy = noop("请逐项办理并勾选，不需要办理的写明原因。")


class CodeWrong(LinliError):
    code = "cases.receipt_code_wrong"
    template = noop("领取码不正确。")
    remedy = noop("领取码为 6 位数字，印在受理通知书上；也可以改为签名领取。")


class CodeLocked(LinliError):
    code = "cases.receipt_code_locked"
    kind = Kind.NOT_ALLOWED
    template = noop("领取码已连续输错 %(tries)s 次，本案不能再用领取码领取。")
    remedy = noop("请核对领取人身份证件后改为签名领取。")


class ProofMissing(LinliError):
    code = "cases.proof_missing"
    template = noop("请提供送达凭证：%(what)s。")


class ApplicantWrong(LinliError):
    code = "cases.applicant_wrong"
    template = noop("“%(item)s”不面向%(kind)s办理。")
    remedy = noop("请核对事项的服务对象，或改选申请人。")


class CommitmentNotAllowed(LinliError):
    code = "cases.commitment_not_allowed"
    template = noop("“%(name)s”不适用告知承诺制。")
    remedy = noop("请提供该材料；只有事项标准列明的材料可以承诺代替。")


class HandledElsewhere(LinliError):
    code = "cases.handled_elsewhere"
    kind = Kind.CONFLICT
    template = noop("“%(item)s”在%(system)s办理，本平台只补录各环节。")
    remedy = noop("请在“外部事项补录”中登记该环节。")


class NotElsewhere(LinliError):
    code = "cases.not_elsewhere"
    kind = Kind.CONFLICT
    template = noop("“%(item)s”在本平台办理，不需要补录。")


class SeedMissing(LinliError):
    code = "cases.seed_missing"
    kind = Kind.UNAVAILABLE
    template = noop("%(day)s 的抽取种子没有事先公布，不能派件。")
    remedy = noop("请运行 linli doctor；种子公布后，待派办件会自动派出。")


class NotOnline(LinliError):
    code = "cases.not_online"
    kind = Kind.CONFLICT
    template = "%(why)s"
    remedy = noop("请到就近的办事大厅，任一窗口都可以办。")


class NotAskedFor(LinliError):
    code = "cases.not_asked_for"
    template = noop("这一项不需要您提供。")
    remedy = noop("请只填写页面上列出的内容；其余的我们自己核验。")


class StillToDo(LinliError):
    code = "cases.still_to_do"
    template = noop("还有材料没有准备好：%(names)s。")
    remedy = noop("请回到材料清单补上；一时拿不出的，可以带着接着办码到窗口一起办。")


class SignatureMissing(LinliError):
    code = "cases.signature_missing"
    template = noop("还没有签名。")
    remedy = noop("请在签名区手写，或者完整输入您的姓名：%(name)s。")


class CodeUnknown(LinliError):
    code = "cases.hand_over_unknown"
    kind = Kind.NOT_FOUND
    template = noop("没有找到这个接着办码。")
    remedy = noop("请核对 8 位数字；接着办码只能用一次，24 小时内有效，可以重新取一个。")


class PromiseRefused(CommitmentNotAllowed):
    """Nothing may be promised in place of this material, and why not."""

    code = "cases.promise_refused"
    template = noop("“%(name)s”不能以承诺代替：%(why)s。")
    remedy = noop("请提供该材料；确实一时拿不出的，可以等齐了再来，或者告诉窗口我们一起想办法。")


class CreditNoted(CommitmentNotAllowed):
    code = "cases.credit_noted"
    template = noop("申请人有一次承诺不实的记录，%(until)s 之前或修复之前不能再以承诺代替材料。")
    remedy = noop("请提供“%(name)s”；已经改正的，可以先申请修复。")


class PromisesOnce(CommitmentNotAllowed):
    code = "cases.promised_once"
    kind = Kind.CONFLICT
    template = noop("“%(name)s”已经容缺过一次，不能再次容缺。")
    remedy = noop("请按承诺的日期补交；确有困难的，请告诉窗口。")


class PendingOpen(LinliError):
    code = "cases.pending_open"
    kind = Kind.CONFLICT
    template = noop("容缺的材料还没有补交：%(names)s。")
    remedy = noop("补交之后再批准；期限到了仍未补交的，系统会撤销受理。")


class NotYourCheck(LinliError):
    code = "cases.not_your_check"
    kind = Kind.NOT_FOUND
    template = noop("这项核查不在您名下，或者已经办完。")
    remedy = noop("请从“事后核查”的清单中选择。")


class NotHeard(LinliError):
    code = "cases.not_heard"
    kind = Kind.CONFLICT
    template = noop("申请人还可以在 %(until)s 之前陈述申辩，现在不能认定承诺不实。")
    remedy = noop("请先登记申请人的陈述，或者等陈述期限过后再认定；查明属实的可以随时撤销疑点。")


class ResultDoubted(LinliError):
    code = "cases.result_doubted"
    kind = Kind.CONFLICT
    template = noop("本案的承诺有疑点，正在听取申请人的陈述，结果暂不能用印出件。")
    remedy = noop("请等核查结论：属实的照常出件；不实的撤销准予决定，出具不予批准的决定书。")


class JointOpen(LinliError):
    code = "cases.joint_moved_on"
    kind = Kind.CONFLICT
    template = noop("这个一件事的办理进度已经变了，现在不能这样做。")
    remedy = noop("请回到它的进度页，看看现在可以做什么。")


class NothingChosen(LinliError):
    code = "cases.joint_nothing_chosen"
    template = noop("还没有选要办的事项。")
    remedy = noop("请在“要办哪些”里至少选一项。")


class OtherPartyMissing(LinliError):
    code = "cases.joint_other_missing"
    template = noop("“%(names)s”要由%(kind)s申请，还没有写明是谁。")
    remedy = noop("请先填写并确认，或者这次不办这几项。")


class OtherPartyThere(LinliError):
    """A draft also says things of a party for whom whoever would go on with it may not act."""

    code = "cases.joint_other_there"
    kind = Kind.CONFLICT
    template = noop("这份草稿里还有%(name)s的信息，您还没有得到委托，不能带走。")
    remedy = noop("请在窗口接着办，或者请对方先委托您。")


class NotOver(LinliError):
    code = "cases.not_over"
    kind = Kind.CONFLICT
    template = noop("这件办件还没有办结，不能归档。")
    remedy = noop("办结、撤回或不予受理后，系统会在当天夜里自动归档。")


class RosterUnreadable(LinliError):
    code = "cases.roster_unreadable"
    template = noop("这份名单读不了：%(why)s。")
    remedy = noop("请下载本事项的名单模板，把内容填进去再上传；什么都没有导入。")


class RosterNotOffered(LinliError):
    code = "cases.roster_not_offered"
    kind = Kind.CONFLICT
    template = noop("“%(item)s”不能批量申报。")
    remedy = noop("请逐件办理，或改选可以批量申报的事项。")


class RosterSeen(LinliError):
    code = "cases.roster_seen"
    kind = Kind.CONFLICT
    template = noop("同一份名单已于 %(day)s 交过（%(rows)s 人）。")
    remedy = noop("请打开原来的那一份查看进度和编号；确有新增的人，请只交新增的人。")


class RosterChanged(LinliError):
    code = "cases.roster_changed"
    kind = Kind.CONFLICT
    template = noop("这份名单现为“%(state)s”，不能这样操作。")
    remedy = noop("请刷新页面查看最新状态。")
