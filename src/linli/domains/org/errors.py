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


class DatesWrong(LinliError):
    code = "org.dates_wrong"
    template = noop("结束日期应晚于开始日期。")
    remedy = noop("请修改日期。")


class NoticeFileWrong(LinliError):
    code = "org.notice_file_wrong"
    template = noop("放假通知文件无法读取：%(why)s")
    remedy = noop("请按 docs/operations.md“放假通知”一节的格式填写年份、放假日期和调休上班日期。")
