"""What can go wrong between us and another system; each is known by its code."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class KeyNotKnown(LinliError):
    """No key, a wrong one, one that has ended: they all look the same."""

    code = "clients.key_not_known"
    kind = Kind.NOT_ALLOWED
    template = noop("没有带接入密钥，或者密钥不对、已过期、已停用。")
    remedy = noop("请在请求头写 Authorization: Bearer 和密钥；密钥遗失或到期的，请联系人社局安全管理员更换。")


class AddressRefused(LinliError):
    code = "clients.address_refused"
    kind = Kind.NOT_ALLOWED
    template = noop("这个网络地址（%(address)s）不在登记的范围内。")
    remedy = noop("请从登记的地址访问，或联系人社局安全管理员补充登记。")


class TooManyCalls(LinliError):
    code = "clients.too_many_calls"
    kind = Kind.UNAVAILABLE
    template = noop("每分钟最多 %(limit)s 次，本分钟已用完。")
    remedy = noop("请等 %(seconds)s 秒后再试；没有办理的请求可以用原来的编号重发。")


class ScopeMissing(LinliError):
    code = "clients.scope_missing"
    kind = Kind.NOT_ALLOWED
    template = noop("登记的用途不包括“%(scope)s”。")
    remedy = noop("确有需要的，请联系人社局安全管理员增加用途。")


class NameTaken(LinliError):
    code = "clients.name_taken"
    kind = Kind.CONFLICT
    template = noop("已经有一个系统叫“%(name)s”。")
    remedy = noop("请换一个能区分的名称；密钥没有保存好的，到该系统的页面更换密钥。")


class ClientWrong(LinliError):
    code = "clients.client_wrong"
    template = noop("%(what)s。")


class ClientStopped(LinliError):
    code = "clients.client_stopped"
    kind = Kind.CONFLICT
    template = noop("这个系统已经停用，不能再更换密钥或修改。")
    remedy = noop("需要恢复接入的，请重新登记一个。")


class WebhookWrong(LinliError):
    code = "clients.webhook_wrong"
    template = noop("接收地址不能用：%(why)s。")
    remedy = noop("请使用公网的 https 地址，不带用户名和 # 号后的内容。")


class TooManyWebhooks(LinliError):
    code = "clients.too_many_webhooks"
    kind = Kind.CONFLICT
    template = noop("一个系统最多登记 %(most)s 个接收地址。")
    remedy = noop("请先停用不再使用的接收地址。")


class StillOnItsWay(LinliError):
    code = "clients.still_on_its_way"
    kind = Kind.CONFLICT
    template = noop("这条通知还在按时重发，不需要手工重发。")
    remedy = noop("请等下一次发送；已送达或已放弃的通知才可以重发。")


class OverlapWrong(LinliError):
    code = "clients.overlap_wrong"
    template = noop("新旧密钥并用的时间应在 0 到 %(most)s 小时之间。")
    remedy = noop("请改一个时间再提交。")
