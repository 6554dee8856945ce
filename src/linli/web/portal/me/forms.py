"""Forms of signing in and of the account."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from linli.domains.people.queries import IdType
from linli.web.ui.forms import Form


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, even if that is nothing."""
    return request.POST if request.method == "POST" else None


class PhoneForm(Form):
    kinds: ClassVar[dict[str, str]] = {"phone": "phone"}

    phone = forms.CharField(label=_lazy("手机号"), max_length=20)


class CodeForm(Form):
    kinds: ClassVar[dict[str, str]] = {"code": "code"}

    code = forms.CharField(label=_lazy("验证码"), max_length=12, widget=forms.TextInput({"autofocus": True}))


class NameForm(Form):
    name = forms.CharField(
        label=_lazy("姓名"),
        max_length=100,
        help_text=_lazy("和身份证上写的一样。"),
        widget=forms.TextInput({"autocomplete": "name"}),
    )


class NumberForm(Form):
    kinds: ClassVar[dict[str, str]] = {"id_number": "id-number"}

    id_type = forms.ChoiceField(label=_lazy("证件"), initial=IdType.CITIZEN.value)
    id_number = forms.CharField(label=_lazy("证件号码"), max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["id_type"].choices = [(t.value, _(t.label)) for t in IdType if t is not IdType.OTHER]  # type: ignore[attr-defined]


class StartCodeForm(Form):
    code = forms.CharField(
        label=_lazy("启用码"), max_length=20, help_text=_lazy("10 个字母和数字，印在窗口给您的纸条上。大小写都可以。"),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
