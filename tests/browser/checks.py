"""Checks of a whole page: its width and its accessibility."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def await_animations(page: Page) -> None:
    """Wait for the end of all animations but the endless ones, those that follow scrolling instead of time, and those
    of hidden elements: what stands in a closed fold does not move on, and never ends.

    The end of one can begin another: a colour that changes is inherited.
    """
    page.evaluate(
        """async () => {
          const running = () => document.getAnimations().filter(({ effect, playState, timeline }) =>
            playState === "running" && timeline === document.timeline
            && effect.getComputedTiming().endTime !== Infinity && effect.target.checkVisibility());
          // What is hidden meanwhile is not waited for: each second looks anew.
          const second = () => new Promise((done) => setTimeout(done, 1000));
          for (let found = running(); found.length; found = running())
            await Promise.race([
              second(), Promise.all(found.map((animation) => animation.finished.catch(() => {}))),
            ]);
        }"""
    )


def check_width(page: Page) -> None:
    """Assert that nothing is wider than the window, apart from boxes that scroll."""
    await_animations(page)
    wider = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter(node => {
          const box = node.closest('.table, pre, [data-set=display], .receipt__box, .settings__nav,'
            + '.chart__table, .comparison, svg, select, .visually-hidden, .skip-link');
          const rect = node.getBoundingClientRect();
          return !box && rect.width && (rect.right > innerWidth + 1 || rect.left < -1);
        }).map(node => node.outerHTML.slice(0, 120))"""
    )
    assert wider == [], wider
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def check_touch_targets(page: Page) -> None:
    """Assert that each control outside running text is at least 44 pixels high and wide."""
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, summary')].filter(node => {
          const { width, height } = node.getBoundingClientRect();
          return node.checkVisibility() && !node.closest('p, .skip-link') && width && (height < 43.5 || width < 43.5);
        }).map(node => node.outerHTML.slice(0, 100))"""
    )
    assert small == [], small


def check_accessible(page: Page, **options: Any) -> None:
    """Assert that axe finds no violation, with options of axe.run."""
    await_animations(page)
    if not page.evaluate("'axe' in window"):  # reading it takes longer than a check
        page.evaluate(Axe().axe_script)
    # Of what holds axe would describe each node, too.
    found = page.evaluate(
        "options => axe.run(document, options).then(({ violations }) => violations)",
        {"resultTypes": ["violations"], **options},
    )
    bad = [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
    assert not bad, "\n".join([page.url, *bad])


def check_both_themes(page: Page) -> None:
    """Assert that a page in the light theme is accessible, and that its colours are in the dark theme too."""
    check_accessible(page)
    page.emulate_media(color_scheme="dark")
    check_accessible(page, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="light")
