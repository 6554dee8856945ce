"""Expected errors of the room."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class NotInThisState(LinliError):
    code = "documents.not_in_this_state"
    kind = Kind.CONFLICT
    template = noop("该文书当前状态为“%(state)s”，不能变更为“%(wanted)s”。")
    remedy = noop("请刷新页面查看最新状态；已用印的文书如有错误，请制作新文书替换。")


class PaperWrong(LinliError):
    """The data do not fit the kind of paper; a bug of the caller or an incomplete item standard."""

    code = "documents.paper_wrong"
    template = noop("%(kind)s的内容不完整：%(where)s %(why)s")
    remedy = noop("请补全该项后重新生成文书。")


class TemplateUnknown(LinliError):
    code = "documents.template_unknown"
    kind = Kind.NOT_FOUND
    template = noop("没有 %(kind)s 的第 %(version)s 版模板。")
    remedy = noop("事项标准应引用随系统发布的模板版本；请在事项标准中重新选择文书模板。")


class TemplateChanged(LinliError):
    """A template that documents were composed with is no longer what it was."""

    code = "documents.template_changed"
    kind = Kind.UNAVAILABLE
    template = noop("%(kind)s 第 %(version)s 版模板与文书生成时的不一致，已停止打印。")
    remedy = noop("请从发布包恢复该模板文件；要修改版式，请增加新版本。")


class SealMissing(LinliError):
    code = "documents.seal_missing"
    kind = Kind.NOT_FOUND
    template = noop("%(org)s 没有可用的业务专用章。")
    remedy = noop("请联系安全管理员登记电子印章。")


class SealNotValid(LinliError):
    """SG-04: an expired or revoked seal or certificate blocks sealing; what it sealed before stays verifiable."""

    code = "documents.seal_not_valid"
    kind = Kind.CONFLICT
    template = noop("印章“%(name)s”不能使用：%(why)s。")
    remedy = noop("请联系安全管理员更换印章或证书；已用印的文书不受影响。")


class SealTaken(LinliError):
    code = "documents.seal_taken"
    kind = Kind.CONFLICT
    template = noop("该机构已有在用的同名印章，或印章编码 %(number)s 已登记。")
    remedy = noop("请先停用原印章。")


class NoPowerToSeal(LinliError):
    code = "documents.no_power_to_seal"
    kind = Kind.NOT_ALLOWED
    template = noop("%(org)s 对该事项没有用印权限。")
    remedy = noop("请由有权机关用印，或在权限清单中补充授权依据。")


class DecisionMissing(LinliError):
    """SG-03: a seal is used on a decision."""

    code = "documents.decision_missing"
    template = noop("用印应写明依据的审批或决定。")
    remedy = noop("请填写审批编号或决定编号。")


class CannotSupersede(LinliError):
    code = "documents.cannot_supersede"
    kind = Kind.CONFLICT
    template = noop("新文书 %(number)s 不能替换原文书：%(why)s。")
    remedy = noop("请为同一办件制作同类文书并用印后，再替换原文书。")


class SigningFailed(LinliError):
    code = "documents.signing_failed"
    kind = Kind.UNAVAILABLE
    template = noop("电子签名未能完成：%(why)s")
    remedy = noop("文书已保存，尚未用印；请稍后重试。")


class FileChanged(LinliError):
    code = "documents.file_changed"
    kind = Kind.UNAVAILABLE
    template = noop("文件 %(file)s 与保存时不一致或已丢失。")
    remedy = noop("请从备份恢复该文件；登记信息没有丢失。")


class FileGone(LinliError):
    code = "documents.file_gone"
    kind = Kind.CONFLICT
    template = noop("上传的文件已经清理，没有保存到办件里。")
    remedy = noop("请重新上传这份文件。")


# -- files that were handed in ------------------------------------------------------------------------------------------


class FileRefused(LinliError):
    """Any reason not to take a file; subclasses say which and what to do."""

    code = "documents.file_refused"
    template = noop("这个文件不能接收。")


class FileEmpty(FileRefused):
    code = "documents.file_empty"
    template = noop("“%(name)s”是空文件。")
    remedy = noop("请打开原文件确认有内容，再重新选择。")


class FileTooLarge(FileRefused):
    code = "documents.file_too_large"
    template = noop("“%(name)s”超过 %(limit)s MB。")
    remedy = noop("请压缩图片、降低扫描分辨率或分成几个文件后再上传。")


class FileNameWrong(FileRefused):
    code = "documents.file_name"
    template = noop("文件名不能使用：%(why)s。")
    remedy = noop("请把文件改成简单的名称（例如“申请表.pdf”）后再上传。")


class FileKindRefused(FileRefused):
    code = "documents.file_kind"
    template = noop("“%(name)s”不是可以接收的文件类型（识别为：%(kind)s）。")
    remedy = noop(
        "可以上传 PDF、OFD、JPG、PNG、WebP、HEIC 图片、Word（docx）、Excel（xlsx）或纯文本（txt）。请另存为其中一种后再上传。"
    )


class FileDamaged(FileRefused):
    code = "documents.file_damaged"
    template = noop("“%(name)s”不完整或已损坏：%(why)s。")
    remedy = noop("请打开原文件确认能正常显示，重新导出或重新拍照后再上传。")


class FileLocked(FileRefused):
    code = "documents.file_locked"
    template = noop("“%(name)s”设有密码，我们打不开。")
    remedy = noop("请去掉密码后再上传；上传后文件会加密保存。")


class FileTooBigInside(FileRefused):
    """A small file that would unfold into something huge."""

    code = "documents.file_too_big_inside"
    template = noop("“%(name)s”展开后过大（%(why)s）。")
    remedy = noop("请降低图片尺寸，或重新导出后再上传。")


class FileCarriesProgram(FileRefused):
    code = "documents.file_carries_program"
    template = noop("“%(name)s”里带有程序或宏（%(what)s），为保护您和我们的电脑，不能接收。")
    remedy = noop("请另存为不带宏的文档，或打印成 PDF 后再上传。")


class PackageGone(LinliError):
    code = "documents.package_gone"
    kind = Kind.CONFLICT
    template = noop("这份电子档案保管期满，已于 %(day)s 销毁。")
    remedy = noop("销毁清单和留痕仍可查阅。")


class NotDue(LinliError):
    code = "documents.not_due"
    kind = Kind.CONFLICT
    template = noop("所选档案中有保管期未满、已在清单上或已销毁的。")
    remedy = noop("请刷新页面后重新选择。")


class NothingChosen(LinliError):
    code = "documents.nothing_chosen"
    template = noop("请选择要销毁的档案，并写明理由。")


class SameHand(LinliError):
    """Whoever proposes a destruction does not approve it."""

    code = "documents.same_hand"
    kind = Kind.CONFLICT
    template = noop("销毁清单须由另一个人批准。")
    remedy = noop("请交给另一位有权限的同事审核。")
