// <parley-time datetime="…"> shows a moment in the user's own time zone.

import { page } from "parley/lib/page.js";

class ParleyTime extends HTMLElement {
  connectedCallback() {
    const moment = new Date(this.getAttribute("datetime"));
    const format = new Intl.DateTimeFormat(page.language, { dateStyle: "medium", timeStyle: "short" });
    this.textContent = format.format(moment);
  }
}

export function defineTimeElement() {
  customElements.define("parley-time", ParleyTime);
}
