import pytest

from linli.web.portal.verify.views import FILES, WRONG_CODES
from linli.web.site import forget_site


@pytest.fixture(autouse=True)
def _fresh_process():
    """What a process remembers of earlier requests is not left to the next test."""
    forget_site()
    WRONG_CODES.forget()
    FILES.forget()
    yield
    forget_site()
