// Keeps the newest words in view for those who are at the end, and leaves everybody else where they read.

const NEAR = 80;

export class Scroll {
  #follows = true;

  constructor() {
    this.scroller = document.getElementById("main");
    this.button = document.querySelector("[data-to-end]");
    this.scroller.addEventListener("scroll", () => this.#moved(), { passive: true });
    this.button.addEventListener("click", () => this.toEnd({ smooth: true }));
    this.observer = new ResizeObserver(() => this.#grown());
    this.observer.observe(this.scroller);
    this.observer.observe(document.getElementById("pending"));
    this.watch();
    this.toEnd();
    document.addEventListener("htmx:beforeSwap", (event) => this.#keepPlace(event));
  }

  // The thread's element may have been replaced.
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
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: smooth && !calm ? "smooth" : "instant",
    });
    this.#moved();
  }

  get #distance() {
    return this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
  }

  #moved() {
    const distance = this.#distance;
    // Only a move upwards lets go: while text grows, the end runs ahead of a smooth scroll.
    if (this.scroller.scrollTop < (this.last ?? 0) && distance > NEAR) this.#follows = false;
    if (distance <= NEAR) this.#follows = true;
    this.last = this.scroller.scrollTop;
    this.button.hidden = distance <= NEAR * 2;
  }

  #grown() {
    if (this.#follows) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#moved();
  }

  // Earlier messages come in above; what is read stays under the eyes.
  #keepPlace(event) {
    if (!event.detail.target.hasAttribute("data-earlier")) return;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.#follows = false;
    requestAnimationFrame(() => (this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd));
  }
}
