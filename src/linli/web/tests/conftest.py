import pytest

from linli.web.site import forget_site


@pytest.fixture(autouse=True)
def _site_read_anew():
    forget_site()
    yield
    forget_site()
