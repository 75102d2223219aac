// <parley-time datetime="…"> shows a moment in the user's own time zone: the chosen one, or the browser's.

import { page } from "parley/lib/page.js";

class ParleyTime extends HTMLElement {
  connectedCallback() {
    const moment = new Date(this.getAttribute("datetime"));
    const timeZone = page.time_zone || undefined; // the browser's own
    const format = new Intl.DateTimeFormat(page.language, {
      dateStyle: "medium",
      timeStyle: "short",
      timeZone,
    });
    this.textContent = format.format(moment);
  }
}

export function defineTimeElement() {
  customElements.define("parley-time", ParleyTime);
}
