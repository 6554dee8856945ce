"""What can be said to go wrong in the exchange with other departments."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class ContractWrong(LinliError):
    """A file of interfaces cannot be used; says where."""

    code = "exchange.contract"
    template = noop("接口文件 %(file)s 的“%(where)s”有误：%(why)s")
    remedy = noop("请按 docs/integrators.md 改正后再试。")


class InterfaceUnknown(LinliError):
    code = "exchange.unknown"
    kind = Kind.NOT_FOUND
    template = noop("没有编号为 %(code)s 的共享接口。")
    remedy = noop("请在接口列表中选择。")


class AddressWrong(LinliError):
    code = "exchange.address"
    template = noop("接口地址“%(url)s”不能用。")
    remedy = noop("请填写完整地址，例如 https://gateway.example/share；地址里不能带查询条件、账号或密码。")


class SecretMissing(LinliError):
    code = "exchange.secret"
    template = noop("启用接口前要填写对方发放的应用编号和密钥。")
    remedy = noop("密钥至少 16 个字符，向数据提供部门申请。")


class LimitWrong(LinliError):
    code = "exchange.limit"
    template = noop("%(what)s应在 %(low)s 到 %(high)s 之间。")
    remedy = noop("请修改后再保存；不填就用接口约定的数值。")


class NoFaultsHere(LinliError):
    code = "exchange.no_faults"
    kind = Kind.CONFLICT
    template = noop("这个接口连的是真实的数据提供部门，不能设置故障。")
    remedy = noop("只有演示用的沙箱可以设置故障。")


class FaultUnknown(LinliError):
    code = "exchange.fault_unknown"
    kind = Kind.NOT_FOUND
    template = noop("沙箱没有“%(fault)s”这种故障。")
    remedy = noop("请从列表中选择一种故障。")


class SandboxSilent(LinliError):
    code = "exchange.sandbox_silent"
    kind = Kind.UNAVAILABLE
    template = noop("沙箱没有应答，故障没有设置成功。")
    remedy = noop("请确认沙箱已经启动（linli sandbox），再试一次。")
