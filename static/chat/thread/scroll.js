// Follows the newest text for readers who are at the end, and leaves the view of all other readers alone.

import { keepFocus, messageField } from "parley/lib/focus.js";
import { Press } from "parley/lib/press.js";

const NEAR_END_PX = 80;
const AT_END_PX = 1; // heights are whole pixels, positions are not
// Earlier messages are asked for before the reader stands at their beginning.
const EARLIER_WITHIN_PX = 600;

export class Scroll {
  #lastTop = 0;
  #lastHeight = 0;

  constructor() {
    this.scroller = document.getElementById("main");
    this.button = document.querySelector("[data-to-end]");
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.button.addEventListener("click", () => this.toEnd({ smooth: true }));
    this.press = new Press(this.scroller, { onrelease: () => this.#resized() });
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(this.scroller);
    this.observer.observe(document.getElementById("pending"));
    this.watch();
    if (!this.#isEmpty) this.toEnd();
    document.addEventListener("htmx:beforeSwap", (event) => this.#keepPosition(event));
  }

  // Watches the thread's element, which may have been replaced.
  watch() {
    const thread = document.getElementById("thread");
    if (this.thread !== thread) {
      if (this.thread) this.observer.unobserve(this.thread);
      this.observer.observe(thread);
      this.thread = thread;
    }
  }

  toEnd({ smooth = false } = {}) {
    this.#follows = true;
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: smooth && !reducedMotion ? "smooth" : "instant",
    });
    this.#scrolled();
  }

  // Written in the page, so that what changes its height knows that the end stays in view (markdown/reading_place.js).
  get #follows() {
    return this.scroller.hasAttribute("data-follows");
  }

  set #follows(follows) {
    this.scroller.toggleAttribute("data-follows", follows);
  }

  // A page without messages has no newest text: where its greeting is higher than the window, it is read from the top.
  get #isEmpty() {
    return this.thread.hidden && !document.getElementById("pending").childElementCount;
  }

  get #distance() {
    return this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
  }

  #scrolled() {
    const distance = this.#distance;
    const movedUp = this.scroller.scrollTop < this.#lastTop;
    const movedDown = this.scroller.scrollTop > this.#lastTop;
    // Only scrolling up ends the following: while text grows, the end moves ahead of a smooth scroll. The least move does:
    // of a slow swipe each event is a few pixels, and the next line of text would take it back.
    if (movedUp && distance > AT_END_PX) this.#follows = false;
    else if (distance <= (movedDown ? NEAR_END_PX : AT_END_PX)) this.#follows = true;
    if (movedUp && this.scroller.scrollTop < EARLIER_WITHIN_PX) this.#askForEarlier();
    this.#lastTop = this.scroller.scrollTop;
    keepFocus(() => (this.button.hidden = this.#isEmpty || distance <= NEAR_END_PX * 2), messageField);
    if (this.button.hidden) delete this.button.dataset.news;
  }

  // The size of the text changed, and perhaps the place of the view with it: the browser keeps what is in view where it
  // is, and a shorter text moves the view up. The reader has scrolled nothing.
  #resized() {
    this.#lastTop = this.scroller.scrollTop;
    if (this.#follows && !this.#isEmpty && !this.press.held)
      this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#scrolled();
    const height = this.scroller.scrollHeight;
    // An answer grows below the view: the button says so.
    if (!this.button.hidden && height > this.#lastHeight && this.thread.querySelector("[data-live]")) {
      this.button.dataset.news = "";
    }
    this.#lastHeight = height;
  }

  // A reader who looks for something is not taken to the newest text.
  leaveEnd() {
    this.#follows = false;
  }

  #askForEarlier() {
    this.thread.querySelector("[data-earlier]:not(.htmx-request)")?.click();
  }

  // Earlier messages are inserted above, later ones below; the text in view stays where it is.
  #keepPosition(event) {
    if (event.detail.target.hasAttribute("data-later")) this.leaveEnd();
    if (!event.detail.target.hasAttribute("data-earlier")) return;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.#follows = false;
    requestAnimationFrame(() => (this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd));
  }
}
