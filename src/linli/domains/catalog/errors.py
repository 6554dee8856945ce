"""Expected errors of the catalogue."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class ItemUnknown(LinliError):
    code = "catalog.item_unknown"
    kind = Kind.NOT_FOUND
    template = noop("事项 %(code)s 不存在，或在该地区尚未公布。")
    remedy = noop("请在事项目录中重新查找。")


class ItemTaken(LinliError):
    code = "catalog.item_taken"
    template = noop("编码 %(code)s 已用于事项“%(name)s”。")
    remedy = noop("请换一个编码；要修改那个事项，请在事项目录中打开它。")


class DraftChanged(LinliError):
    code = "catalog.draft_changed"
    kind = Kind.CONFLICT
    template = noop("这份草稿在您打开之后已被 %(who)s 修改。")
    remedy = noop("您填写的内容还在本页；请在新窗口打开草稿，比较后再保存。")


class DraftIncomplete(LinliError):
    """A draft breaks a rule that a published standard must keep; ``findings`` says which."""

    code = "catalog.draft_incomplete"
    template = noop("草稿还有 %(count)s 处必须修改的问题，不能发布。")
    remedy = noop("请按检查结果逐条修改。")


class OtherPlace(LinliError):
    """An editor looks after their own place and those below it, never the one above or beside it."""

    code = "catalog.other_place"
    kind = Kind.NOT_ALLOWED
    template = noop("这个地区的事项标准不归您所在的机构维护。")
    remedy = noop("本地区可以在允许的范围内另定本地值；需要修改上级标准的，请向上级事项管理单位提出。")


class StandardWrong(LinliError):
    code = "catalog.standard_wrong"
    template = noop("%(where)s：%(why)s")
    remedy = noop("请修改该处后再保存。")


class NotALocalValue(LinliError):
    code = "catalog.not_a_local_value"
    template = noop("“%(element)s”由上级统一规定，本级不能修改：%(why)s")
    remedy = noop("确需修改的，请向上级事项管理单位提出。")


class EffectiveDateWrong(LinliError):
    code = "catalog.effective_date"
    template = noop("生效日期 %(day)s 早于今天或早于现行版本的生效日期 %(last)s。")
    remedy = noop("已受理的办件按受理时的版本办理，标准不能追溯修改；请改选以后的日期。")


class TableWrong(LinliError):
    code = "catalog.table_wrong"
    template = noop("表格“%(sheet)s”第 %(row)s 行“%(column)s”：%(why)s")
    remedy = noop("请修改该单元格后重新导入；其余内容未导入。")
