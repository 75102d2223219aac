// The messages of a conversation: what comes in is inserted, the answer that is written is followed.

import { Answer } from "parley/components/answer.js";
import { announce, confirmCopy, copy, fetchFragment, fromHtml, toast } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";
import { withoutMarks } from "parley/models/citations.js";

const LONGEST_ANNOUNCED = 1000;

export class ThreadView {
  // Listeners: onlive({turn, seq}|null) when another answer, or none, is being written here.
  constructor({ onlive }) {
    this.onlive = onlive;
    this.answer = null;
    this.loading = null;
    document.addEventListener("click", (event) => this.#copied(event));
  }

  get root() {
    return document.getElementById("thread");
  }

  get conversation() {
    return this.root.dataset.conversation || null;
  }

  // The last message that is shown here.
  get leaf() {
    return [...this.root.querySelectorAll("[data-message]")].findLast((node) => node.dataset.message)?.dataset
      .message;
  }

  begin(conversation) {
    this.#greet(false);
    this.root.dataset.conversation = conversation ?? "";
  }

  // A message was refused. If it was the first one, there is no conversation yet.
  refuse() {
    if (!this.conversation) this.#greet(true);
  }

  #greet(greeting) {
    const welcome = document.getElementById("welcome");
    if (welcome) welcome.hidden = !greeting;
    this.root.hidden = greeting;
  }

  // Shows an accepted message and the place of its answer. What stood after its parent was another branch.
  accept({ html, turn }) {
    if (this.root.querySelector(`[data-turn="${turn}"]`)) return;
    // One turn at a time: another answer that still looks alive has ended, and its end was missed here.
    if (this.root.querySelector("[data-live]")) {
      this.reload();
      return;
    }
    const [message] = fromHtml(html.message);
    const { message: id, parent } = message.dataset;
    const shown = this.#find(id);
    const before = shown ?? (parent ? this.#find(parent) : null);
    if (parent && !before) {
      this.reload();
      return;
    }
    this.#cutAfter(before);
    if (!shown) this.root.append(message);
    this.root.append(...fromHtml(html.answer));
    this.#process();
    this.adopt();
  }

  // False when this event's turn has no place here: the thread has to be read anew.
  apply(event) {
    if (event.type === "turn.finished") return this.#finish(event);
    if (this.answer?.state.turn !== event.turn) return false;
    this.answer.apply(event);
    return true;
  }

  // Reads the thread from the server; with `ifNewer` only when its last message is another one.
  async reload({ ifNewer = false } = {}) {
    const leaf = ifNewer ? `?leaf=${this.leaf ?? ""}` : "";
    const address = `/c/${this.conversation}/thread${leaf}`;
    this.loading ??= fetchFragment(address)
      .then((nodes) => nodes && this.replace(nodes[0]))
      .catch(() => toast(words("cant_load")))
      .finally(() => (this.loading = null));
    await this.loading;
  }

  replace(node) {
    this.root.replaceWith(node);
    this.#process();
    this.adopt();
  }

  // Follows the answer that is being written in what is shown now; htmx may have replaced it.
  adopt() {
    this.answer?.end();
    const article = this.root.querySelector("[data-live]");
    this.answer = article ? new Answer(article) : null;
    this.shown = this.root;
    this.onlive(this.answer && { turn: this.answer.state.turn, seq: this.answer.state.seq });
  }

  #find(message) {
    return this.root.querySelector(`[data-message="${message}"]`);
  }

  #cutAfter(node) {
    while (this.root.lastElementChild && this.root.lastElementChild !== node)
      this.root.lastElementChild.remove();
  }

  #finish(event) {
    const articles = [...this.root.querySelectorAll(`[data-turn="${event.turn}"]`)];
    if (!articles.length || !event.html) return false;
    const open = articles.flatMap((article) => [...article.querySelectorAll("details[open][data-block]")]);
    const unfolded = open.map((node) => node.dataset.block);
    const nodes = fromHtml(event.html.messages);
    articles[0].before(...nodes);
    for (const article of articles) article.remove();
    for (const node of nodes) for (const index of unfolded) unfold(node, index);
    this.#process();
    this.adopt();
    this.#announceEnd(event, nodes);
    // The summary that this answer waited for is written by now.
    if (this.root.querySelector("[data-summary-pending]")) this.reload();
    return true;
  }

  #announceEnd({ status, error }, nodes) {
    const ending = nodes.map((node) => node.querySelector("[data-ending] p")?.textContent ?? "").join(" ");
    const key = { completed: "answer_finished", stopped: "answer_stopped" }[status] ?? "answer_failed";
    const said = nodes
      .flatMap((node) => [...node.querySelectorAll("[data-type=text]")])
      .map((node) => node.textContent);
    const text = said.join("\n").slice(0, LONGEST_ANNOUNCED);
    announce([words(key), ending || error?.message || "", text].filter(Boolean).join(" "));
  }

  #process() {
    globalThis.htmx?.process(this.root);
  }

  async #copied(event) {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const message = button.closest(".message");
    const parts = [...message.querySelectorAll("[data-type=text], .message__text")];
    const text = parts.map((node) => node.source ?? node.textContent).join("\n\n");
    if (await copy(withoutMarks(text))) confirmCopy(button);
  }
}

function unfold(article, index) {
  const details = article.querySelector(`details[data-block="${index}"]`);
  if (details) details.open = true;
}
