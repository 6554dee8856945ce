"""The words that scripts show. They stand in the page as data, since the scripts themselves speak no language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Every word of the scripts in the reader's language; ``{n}`` is filled in by the script."""
    return {
        "saving": _("正在保存…"),
        "not_saved": _("还没有保存，正在重试…"),
        "copied": _("已复制"),
        "copy_failed": _("复制不了，请选中后按 Ctrl+C"),
        "offline": _("网络断开了。已填写的内容还在，连上后会继续。"),
        "server_away": _("服务暂时连不上，正在重试。已填写的内容还在。"),
        "online": _("已重新连上"),
        "expires": _("{n} 分钟没有操作，即将自动退出"),
        "seconds_left": _("还有 {n} 秒"),
        "expired": _("已自动退出。页面上的内容还在；请重新登录后继续。"),
        "stayed": _("已保持登录"),
        "characters": _("{n} 位"),
        "too_large": _("{name} 有 {size} MB，超过 {limit} MB。请压缩或拍照后再传。"),
        "wrong_type": _("{name} 不是可以上传的类型。"),
        "uploading": _("正在上传"),
        "upload_failed": _("没有传上去，请检查网络后重试。"),
        "no_camera": _("打不开摄像头。请检查权限，或用“选择照片”。"),
        "signed": _("已签名"),
        "unsigned": _("还没有签名"),
    }
