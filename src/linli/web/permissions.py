"""What a permission is called when somebody is told that their post does not carry it."""

from __future__ import annotations

from linli.kernel.text import Message, noop

_WORDS = {
    "accounts.manage": noop("管理账号"),
    "accounts.sessions": noop("查看和结束他人的登录"),
    "benefits.agree": noop("复核政策参数"),
    "benefits.audit": noop("重算过去的待遇认定"),
    "benefits.certify": noop("办理待遇资格认证"),
    "benefits.pay": noop("发放待遇"),
    "benefits.policy": noop("提出政策参数修改"),
    "benefits.run": noop("比对政策条件和公示名单"),
    "benefits.visit": noop("走访待遇领取人员"),
    "benefits.view": noop("查看惠民政策和比对结果"),
    "benefits.witness": noop("当面认证待遇领取资格"),
    "calendar.manage": noop("维护工作日历"),
    "cases.accept": noop("受理申请"),
    "cases.breach": noop("认定承诺不实"),
    "cases.check": noop("事后核查承诺"),
    "cases.decide": noop("作出决定"),
    "cases.deliver": noop("送达结果"),
    "cases.extend": noop("批准延期"),
    "cases.extend_statutory": noop("批准法定延期"),
    "cases.issue": noop("制作结果"),
    "cases.receive": noop("代收材料"),
    "cases.redraw": noop("重新派件"),
    "cases.refuse": noop("不予受理"),
    "cases.review": noop("审核办件"),
    "cases.supervise": noop("查看全部办件"),
    "cases.suspend": noop("中止办理"),
    "catalog.edit": noop("编写事项标准"),
    "catalog.publish": noop("发布事项标准"),
    "catalog.view": noop("查看事项标准"),
    "clients.manage": noop("管理接入系统"),
    "documents.retain": noop("管理电子档案"),
    "documents.revoke": noop("作废文书"),
    "documents.seal": noop("用印"),
    "draws.replay": noop("复算抽取"),
    "notices.manage": noop("管理通知发送"),
    "exchange.manage": noop("管理共享接口"),
    "exchange.view": noop("查看数据共享"),
    "org.authorise": noop("授予机构权限"),
    "org.manage": noop("管理机构和人员"),
    "people.answer": noop("答复对登记信息的异议"),
    "people.register": noop("登记人员信息"),
    "portal.use": noop("办理本人的事（居民账号）"),
    "trace.read": noop("查看留痕"),
    "trace.verify": noop("核验留痕"),
    "voice.read": noop("查看诉求"),
    "voice.register": noop("登记诉求"),
}


def in_words(permission: str) -> Message:
    """The permission as a sentence can name it; one without words keeps its code."""
    return Message(_WORDS.get(permission, permission))
