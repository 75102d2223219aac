"""The chat page in a browser: what a first visit loads, and how smooth a long answer is while it arrives.

`python -m bench.browser_page URL SESSION` prints the figures as JSON. Each answer comes in frames of the same size; the
limit is a bare element for each of its lines, in the same frames. A key is answered when the frame that shows it is
painted; the limit of typing is the same page at rest. Each figure is the best of three runs: the longest piece of work
of the page is in all of them, and a pause of the machine, which one frame of hundreds meets, is not.
"""

import argparse
import json
import os
import shutil

from playwright.sync_api import Page, sync_playwright

from tests.support.chromium import FLAGS, NAMES

TEXT_CHARACTERS, ROWS, FRAMES = 30_000, 5_000, 400
RUNS = 3
PARAGRAPH = "Some **bold** words, `code`, a [link](https://example.com/a), 그리고 **한국어**입니다. "
BLOCK = f"## A heading\n\n{PARAGRAPH * 4}\n\n- one\n- two *items*\n\n```python\nprint(1)\n```\n\n"
ANSWERS = {
    "text": BLOCK * (TEXT_CHARACTERS // len(BLOCK) + 1),
    "list": "".join(f"- item *{number}*\n" for number in range(ROWS)),
    "table": "| n | amount |\n|---|---|\n"
    + "".join(f"| {number} | {number}.50 |\n" for number in range(ROWS)),
}
# Returns the longest piece of work, in ms: a frame with its layout, or what the browser calls a long task.
STREAM = """async ([text, frames, plain]) => {
  const { MarkdownStream } = await import("parley/markdown/stream.js");
  const box = document.createElement("div");
  box.className = "markdown";
  box.dataset.open = "";
  document.getElementById("main").append(box);
  const stream = plain ? null : new MarkdownStream(box);
  let longest = 0;
  const tasks = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  tasks.observe({ type: "longtask" });
  for (let frame = 1; frame <= frames; frame += 1) {
    await new Promise(requestAnimationFrame);
    const end = Math.ceil((text.length * frame) / frames);
    const began = performance.now();
    if (stream) stream.grow(text.slice(0, end));
    else {
      const start = Math.ceil((text.length * (frame - 1)) / frames);
      for (const line of text.slice(start, end).split("\\n")) {
        const element = document.createElement("div");
        element.textContent = line;
        box.append(element);
      }
    }
    box.getBoundingClientRect();
    longest = Math.max(longest, performance.now() - began);
  }
  tasks.disconnect();
  box.remove();
  return longest;
}"""

# Notes for each key in the message field the ms from the press until its frame is painted.
RECORD_KEYS = """() => {
  window.answered = [];
  window.pressed = 0;
  document.getElementById("message").addEventListener("keydown", ({ timeStamp }) => {
    window.pressed += 1;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.answered.push(performance.now() - timeStamp);
      port2.postMessage(null);
    });
  });
}"""
TYPED = "Typing goes on while an answer arrives. " * 3
KEY_PAUSE_MS = 40


def chromium_path() -> str | None:
    """Return the system's Chromium; None without one."""
    named = [os.environ.get("CHROMIUM") or "", *NAMES]
    return next((path for name in named if name and (path := shutil.which(name))), None)


def first_visit_bytes(page: Page, url: str) -> int:
    """Open the chat and return the bytes that came over the network, compressed as they came."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    loaded: list[int] = []
    devtools.on("Network.loadingFinished", lambda event: loaded.append(int(event["encodedDataLength"])))
    page.goto(url)
    page.locator("html[data-connection=open]").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    return sum(loaded)


def slowest_key_ms(page: Page, text: str, frames: int) -> float:
    """Type into the message field while an answer arrives, or at rest for an empty one; return the slowest key."""
    page.evaluate("window.answered.length = window.pressed = 0")
    page.evaluate(f"(options) => {{ window.arriving = ({STREAM})(options); }}", [text, frames, False])
    page.locator("#message").press_sequentially(TYPED, delay=KEY_PAUSE_MS)
    typed = page.locator("#message").input_value()
    assert typed == TYPED, f"the field has {typed!r}"
    page.wait_for_function("() => window.answered.length >= window.pressed")
    slowest = page.evaluate("Math.max(...window.answered)")
    page.evaluate("window.arriving")
    page.locator("#message").fill("")
    return float(slowest)


def longest_ms(page: Page, frames: int) -> dict[str, float]:
    """Return the longest piece of work of each answer, and the slowest key, with their limits."""
    figures: dict[str, float] = {}
    for name, text in ANSWERS.items():
        figures[f"{name}_ms"] = page.evaluate(STREAM, [text, frames, False])
        figures[f"plain_{name}_ms"] = page.evaluate(STREAM, [text, frames, True])
    figures["plain_typing_ms"] = slowest_key_ms(page, "", 0)
    figures["typing_ms"] = slowest_key_ms(page, ANSWERS["text"], frames)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browser_page", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("session", help="the key of a signed-in session")
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *root])
        context = launched.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "parley_session", "value": options.session, "url": options.url}])
        page = context.new_page()
        figures = {"weight_bytes": float(first_visit_bytes(page, options.url))}
        page.evaluate(RECORD_KEYS)
        runs = [longest_ms(page, options.frames) for _ in range(options.runs)]
        figures |= {name: min(run[name] for run in runs) for name in runs[0]}
        launched.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
