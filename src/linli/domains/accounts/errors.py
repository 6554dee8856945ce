"""What can go wrong at sign-in, said without telling a stranger which part was wrong."""

from __future__ import annotations

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class SignInFailed(LinliError):
    code = "accounts.sign_in_failed"
    template = noop("用户名或密码不正确。")
    remedy = noop("请核对大小写；连续 %(tries)s 次不正确将锁定 %(minutes)s 分钟。忘记密码请联系本单位管理员。")


class Locked(LinliError):
    code = "accounts.locked"
    kind = Kind.NOT_ALLOWED
    template = noop("该账号因多次输错密码已锁定，%(until)s 后可再试。")
    remedy = noop("如需立即解锁，请联系本单位管理员。")


class CodeNeeded(LinliError):
    code = "accounts.code_needed"
    template = noop("请输入动态口令。")
    remedy = noop("打开手机上的动态口令应用，输入“邻里”下的 6 位数字。")


class CodeWrong(LinliError):
    code = "accounts.code_wrong"
    template = noop("动态口令不正确或已使用。")
    remedy = noop("请等下一个口令出现后再输入；如一直不对，请检查手机时间。")


class SecondFactorRequired(LinliError):
    code = "accounts.second_factor_required"
    kind = Kind.NOT_ALLOWED
    template = noop("本单位要求使用动态口令，请先绑定。")


class PasswordWeak(LinliError):
    code = "accounts.password_weak"
    template = noop("新密码不符合要求：%(why)s")
    remedy = noop("至少 10 个字符，不要用姓名、用户名、纯数字或常见密码。")


class UsernameTaken(LinliError):
    code = "accounts.username_taken"
    kind = Kind.CONFLICT
    template = noop("用户名 %(username)s 已被使用。")
    remedy = noop("请换一个用户名。")
