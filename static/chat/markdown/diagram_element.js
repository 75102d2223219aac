// <parley-diagram>Mermaid source</parley-diagram> in a code block shows the diagram in place of the code.

import { translate } from "parley/lib/page.js";
import { resizeUnnoticed } from "parley/markdown/reading_place.js";

const DARK = matchMedia("(prefers-color-scheme: dark)");

class ParleyDiagram extends HTMLElement {
  #source = null;
  #drawing = 0;

  connectedCallback() {
    if (this.#source === null) this.settle(this.textContent);
    DARK.addEventListener("change", this);
    document.addEventListener("parley:theme", this);
  }

  disconnectedCallback() {
    DARK.removeEventListener("change", this);
    document.removeEventListener("parley:theme", this);
  }

  handleEvent() {
    this.#draw();
  }

  // The source of the fresh block that takes this one's place.
  settle(source) {
    if (source === this.#source) return;
    this.#source = source;
    this.replaceChildren();
    this.#draw();
  }

  async #draw() {
    const drawing = (this.#drawing += 1);
    const { theme } = document.documentElement.dataset;
    const dark = theme ? theme === "dark" : DARK.matches;
    const { drawDiagram } = await import("parley/diagrams/painter.js");
    const drawn = await drawDiagram(this.#source, { dark });
    if (drawing !== this.#drawing || !this.isConnected) return;
    const box = this.closest(".code");
    box.toggleAttribute("data-drawn", Boolean(drawn.address));
    if (drawn.address) this.#show(drawn, dark);
    else this.#explain(drawn.problem);
    // Up to here the box has the height that every diagram begins with.
    resizeUnnoticed(box, () => box.toggleAttribute("data-settled", true));
  }

  // A picture: no script of the diagram runs in it, and it loads nothing.
  #show({ address, width, height, title }, dark) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "diagram__open", title: translate("enlarge") });
    button.dataset.picture = address;
    const picture = document.createElement("img");
    Object.assign(picture, { src: address, width, height, alt: title || translate("diagram") });
    picture.toggleAttribute("data-dark", dark); // for printing on white
    button.append(picture);
    this.replaceChildren(button);
  }

  #explain(problem) {
    const words = document.createElement("p");
    words.className = "diagram__problem";
    words.textContent = translate(`diagram_${problem}`);
    this.replaceChildren(words);
  }
}

export function defineDiagramElement() {
  customElements.define("parley-diagram", ParleyDiagram);
}
