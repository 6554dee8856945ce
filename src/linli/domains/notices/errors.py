"""Expected errors of the room."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class KindUnknown(LinliError):
    code = "notices.kind_unknown"
    template = noop("没有“%(kind)s”这种通知。")


class ValueMissing(LinliError):
    """A message was to be written without what its wording says."""

    code = "notices.value_missing"
    template = noop("通知“%(kind)s”缺少内容：%(names)s。")


class NoWayOpen(LinliError):
    """A code was to be sent and the installation has no way to telephones."""

    code = "notices.no_way_open"
    kind = Kind.UNAVAILABLE
    template = noop("短信服务尚未开通。")
    remedy = noop("请携带身份证件到任一窗口办理，或拨打服务电话。")


class EmailClosed(LinliError):
    code = "notices.email_closed"
    kind = Kind.UNAVAILABLE
    template = noop("电子邮件服务尚未开通。")
    remedy = noop("请改用其他方式接收通知。")


class WechatAway(LinliError):
    """WeChat does not answer, or not as it would."""

    code = "notices.wechat_away"
    kind = Kind.UNAVAILABLE
    template = noop("微信现在连不上，没有绑定。")
    remedy = noop("请稍后再试，或改用其他方式接收通知。")


class WechatRefused(LinliError):
    """What came back does not show whose WeChat it is."""

    code = "notices.wechat_refused"
    template = noop("微信没有确认您的身份，没有绑定。")
    remedy = noop("请在手机微信里重新打开本页，再点一次“绑定微信”。")


class AddressWrong(LinliError):
    code = "notices.address_wrong"
    template = noop("邮箱地址“%(address)s”不完整。")
    remedy = noop("请写成 name@example.cn 的样子。")


class NothingToRetry(LinliError):
    code = "notices.nothing_to_retry"
    kind = Kind.CONFLICT
    template = noop("这次发送不是失败状态，不需要重试。")
    remedy = noop("请刷新页面查看最新状态。")
