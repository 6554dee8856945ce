"""Forms of the sign-in face."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.domains.org.queries import Posting
from linli.web.ui.forms import Form


class SignInForm(Form):
    """Name and password."""

    username = forms.CharField(
        label=_("用户名"),
        max_length=64,
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("密码"), max_length=256, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class CodeForm(Form):
    """The second step: the six digits of the second factor."""

    kinds: ClassVar[dict[str, str]] = {"code": "code"}

    code = forms.CharField(
        label=_("动态口令"), max_length=8, help_text=_("手机上动态口令应用里显示的 6 位数字，每 30 秒换一次。"),
        widget=forms.TextInput({"autofocus": True}),
    )  # fmt: skip


class AgainForm(Form):
    """One's password once more, before something serious."""

    password = forms.CharField(
        label=_("现在的密码"), max_length=256, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class PostForm(Form):
    """Which of one's posts this session is for."""

    posting = forms.ChoiceField(label=_("岗位"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, held: Iterable[Posting], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["posting"].choices = [(str(p.pk), p.post.name) for p in held]  # type: ignore[attr-defined]


class PasswordForm(Form):
    """A new password for oneself."""

    old = forms.CharField(
        label=_("现在的密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new = forms.CharField(
        label=_("新密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 10 个字符。几个不相干的词连在一起，好记又难猜。不要用姓名、用户名或纯数字。"),
    )  # fmt: skip
    again = forms.CharField(
        label=_("再输一遍新密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("请再输一遍新密码。")},
    )  # fmt: skip

    def clean_again(self) -> str:
        """The two must be the same."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new", again):
            raise forms.ValidationError(_("两遍新密码不一样，请再输一遍。"))
        return again
