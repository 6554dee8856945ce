"""A page with one form: what the console's simple acts have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from linli.kernel.errors import LinliError, NotAllowed
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done


def form_page(
    request: StaffRequest, form: Form, *, act: Callable[[dict[str, Any]], Any], after: str, said: str, page: dict[str, Any]
) -> HttpResponse:
    """Show the form, or act on it: then go to ``after`` and say so. An expected error comes back at its field.

    ``page`` has title, lead, button, icon and back (address and words).
    """
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, said)
            return redirect(after)
    return render(request, "console/bureau/form.html", {"form": form, **page}, status=status)
