"""The gallery as people use it: every component in every face, clean by axe, without a mouse, on a telephone."""

import pytest

from linli.testing.browser import DESKTOP, PHONE, TABLET, axe, make_login, shot, sign_in

pytestmark = pytest.mark.browser

FACES = ["portal", "desk", "console"]


@pytest.fixture
def gallery(open_page):
    login = make_login("wang", "window-clerk")

    def open_gallery(face, width=DESKTOP, **how):
        page = open_page(width, **how)
        sign_in(page, login, to=f"/ui/?face={face}")
        page.locator("#gallery-chart canvas").wait_for()
        return page

    return open_gallery


@pytest.mark.parametrize("face", FACES)
def test_axe_finds_nothing(gallery, face):
    page = gallery(face)
    axe(page)
    shot(page, f"gallery-{face}")
    page.evaluate("document.querySelectorAll('#main details').forEach(d => d.open = true)")
    axe(page)
    page.set_viewport_size({"width": PHONE, "height": 740})
    axe(page)


@pytest.mark.parametrize("face", ["portal", "desk"])
def test_axe_finds_nothing_in_large_print_with_seven_to_one(gallery, face):
    page = gallery(face, PHONE, large=True)
    axe(page, also=["color-contrast-enhanced"])


def test_axe_finds_nothing_in_english(gallery):
    page = gallery("portal", language="en")
    assert page.locator("html").get_attribute("lang") == "en"
    axe(page)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("large", [False, True])
def test_nothing_sticks_out_sideways(gallery, face, large):
    """720 pixels is what 200 % zoom leaves of 1440."""
    page = gallery(face, large=large)
    page.evaluate("document.querySelectorAll('#main details').forEach(d => d.open = true)")
    for width in (PHONE, 720, TABLET, 1024, DESKTOP):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("large", "least"), [(False, 44), (True, 60)])
def test_what_is_touched_is_large_enough(gallery, large, least):
    page = gallery("portal", PHONE, large=large)
    small = page.evaluate(
        """least => [...document.querySelectorAll('.l-button:not(.l-button-small), .l-control, .l-choice')]
            .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < least - 0.5)
            .map(e => e.outerHTML.slice(0, 120))""",
        least,
    )
    assert small == []


@pytest.mark.parametrize("face", FACES)
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(gallery, face):
    page = gallery(face)
    wanted = page.evaluate(
        """() => {
            const can = e => {
                if (e.disabled || e.tabIndex < 0 || !e.checkVisibility()) return false;
                if (e.type !== 'radio') return true;
                const group = [...document.querySelectorAll(`[name="${e.name}"]`)];
                return e === (group.find(r => r.checked) ?? group[0]);
            };
            const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(can);
            all.forEach((e, n) => e.dataset.stop = n);
            return all.length;
        }"""
    )
    assert wanted > 60
    reached, unseen = set(), []
    page.locator("body").focus()
    for _ in range(wanted * 2):
        page.keyboard.press("Tab")
        stop, html, seen = page.evaluate(
            """() => {
                const e = document.activeElement;
                const ring = x => x && getComputedStyle(x).outlineStyle !== 'none' && parseFloat(getComputedStyle(x).outlineWidth) > 0;
                const label = e.closest('.l-choice') ?? document.querySelector(`label.l-button[for="${e.id}"]`);
                return [e.dataset?.stop, e.outerHTML.slice(0, 100), ring(e) || ring(label)];
            }"""
        )
        if stop is not None:
            reached.add(stop)
            if not seen:
                unseen.append(html)
        if len(reached) == wanted:
            break
    missing = page.evaluate(
        "seen => [...document.querySelectorAll('[data-stop]')].filter(e => !seen.includes(e.dataset.stop)).map(e => e.outerHTML.slice(0, 120))",
        list(reached),
    )
    assert missing == []
    assert unseen == []


def test_paper_has_only_the_page(gallery):
    page = gallery("console")
    page.emulate_media(media="print")
    for hidden in (".l-bar", ".l-console-nav", ".l-actions", ".l-toasts"):
        assert page.locator(hidden).first.is_hidden()
    page.locator("#c-table table").first.wait_for()
