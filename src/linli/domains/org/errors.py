"""Expected errors of the room."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class DutiesConflict(LinliError):
    code = "org.duties_conflict"
    kind = Kind.CONFLICT
    template = noop("%(name)s 在同一时间、同一大厅已担任不相容的岗位。")
    remedy = noop("受理与审核、系统管理与审计等岗位必须由不同的人担任。请先结束原岗位，或改派他人。")


class AlreadyGranted(LinliError):
    code = "org.already_granted"
    kind = Kind.CONFLICT
    template = noop("该机构对该事项的这项权限已经登记。")


class EmployeeNumberTaken(LinliError):
    code = "org.employee_number_taken"
    kind = Kind.CONFLICT
    template = noop("工号 %(number)s 已登记在另一人名下。")
    remedy = noop("请核对工号。")


class OrgCodeTaken(LinliError):
    code = "org.code_taken"
    kind = Kind.CONFLICT
    template = noop("机构代码 %(code)s 已被使用。")
    remedy = noop("请换一个代码；可先在机构列表中核对是否已经登记。")


class ShortNameMissing(LinliError):
    code = "org.short_name_missing"
    template = noop("请填写机构的简称，列表和看板上用它。")


class OrgChangedMeanwhile(LinliError):
    code = "org.changed_meanwhile"
    kind = Kind.CONFLICT
    template = noop("您填写期间，该机构的资料已被他人修改，您的修改还没有保存。")
    remedy = noop("请核对现在登记的内容；仍以您填写的为准的，请再保存一次。")


class DatesWrong(LinliError):
    code = "org.dates_wrong"
    template = noop("结束日期应晚于开始日期。")
    remedy = noop("请修改日期。")


class AbsenceOverlaps(LinliError):
    code = "org.absence_overlaps"
    kind = Kind.CONFLICT
    template = noop("%(first)s 至 %(last)s 已登记不在岗，与这次的日期重叠。")
    remedy = noop("请改日期，或先取消已登记的。")


class AbsenceOver(LinliError):
    code = "org.absence_over"
    kind = Kind.CONFLICT
    template = noop("这段不在岗已经结束，不能取消。")


class NoticeFileWrong(LinliError):
    code = "org.notice_file_wrong"
    template = noop("放假通知文件无法读取：%(why)s")
    remedy = noop("请按 docs/operations.md“放假通知”一节的格式填写年份、放假日期和调休上班日期。")
