// The messages of a conversation: inserts new ones, and shows the answer that is being written.

import { announce, toast } from "parley/lib/announcements.js";
import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { fetchFragment, fromHtml } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { withoutMarks } from "parley/models/citations.js";
import { Answer } from "parley/thread/answer.js";

const MAX_ANNOUNCED_CHARACTERS = 1000;

export class ThreadView {
  // Listener: onlive({turn, seq}|null) when the thread shows another unfinished answer, or none.
  constructor({ onlive }) {
    this.onlive = onlive;
    this.answer = null;
    this.loading = null;
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  get root() {
    return document.getElementById("thread");
  }

  get conversation() {
    return this.root.dataset.conversation || null;
  }

  // The id of the last message that is shown.
  get leaf() {
    return [...this.root.querySelectorAll("[data-message]")].findLast((node) => node.dataset.message)?.dataset
      .message;
  }

  begin(conversation) {
    this.#showWelcome(false);
    this.root.dataset.conversation = conversation ?? "";
  }

  // A message was refused. If it was the first one, there is no conversation yet.
  refuse() {
    if (!this.conversation) this.#showWelcome(true);
  }

  #showWelcome(visible) {
    const welcome = document.getElementById("welcome");
    if (welcome) welcome.hidden = !visible;
    this.root.hidden = visible;
  }

  // Shows an accepted message and the placeholder of its answer. Messages after its parent are another branch.
  accept({ html, turn }) {
    if (this.root.querySelector(`[data-turn="${turn}"]`)) return;
    // A conversation has one turn at a time: the end of an answer that still looks unfinished was missed here.
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
    this.#removeAfter(before);
    if (!shown) this.root.append(message);
    this.root.append(...fromHtml(html.answer));
    this.#process();
    this.attach();
  }

  // Returns false if the event's turn is not shown here: the thread has to be reloaded.
  apply(event) {
    if (event.type === "turn.finished") return this.#finish(event);
    if (this.answer?.state.turn !== event.turn) return false;
    this.answer.apply(event);
    return true;
  }

  // Loads the thread from the server; with `ifNewer` only if its last message is another one.
  async reload({ ifNewer = false } = {}) {
    const leaf = ifNewer ? `?leaf=${this.leaf ?? ""}` : "";
    const address = `/c/${this.conversation}/thread${leaf}`;
    this.loading ??= fetchFragment(address)
      .then((nodes) => nodes && this.replace(nodes[0]))
      .catch(() => toast(translate("cant_load")))
      .finally(() => (this.loading = null));
    await this.loading;
  }

  replace(node) {
    this.root.replaceWith(node);
    this.#process();
    this.attach();
  }

  // Takes up the unfinished answer of the thread that is shown now, which htmx may have replaced.
  attach() {
    this.answer?.end();
    const article = this.root.querySelector("[data-live]");
    this.answer = article ? new Answer(article) : null;
    this.attached = this.root;
    this.onlive(this.answer && { turn: this.answer.state.turn, seq: this.answer.state.seq });
  }

  #find(message) {
    return this.root.querySelector(`[data-message="${message}"]`);
  }

  #removeAfter(node) {
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
    this.attach();
    this.#announceEnd(event, nodes);
    // The summary that this answer waited for is written by now.
    if (this.root.querySelector("[data-summary-pending]")) this.reload();
    return true;
  }

  #announceEnd({ status, error }, nodes) {
    const ending = nodes.map((node) => node.querySelector("[data-ending] p")?.textContent ?? "").join(" ");
    const key = { completed: "answer_finished", stopped: "answer_stopped" }[status] ?? "answer_failed";
    const texts = nodes
      .flatMap((node) => [...node.querySelectorAll("[data-type=text]")])
      .map((node) => node.textContent);
    const text = texts.join("\n").slice(0, MAX_ANNOUNCED_CHARACTERS);
    announce([translate(key), ending || error?.message || "", text].filter(Boolean).join(" "));
  }

  #process() {
    globalThis.htmx?.process(this.root);
  }

  async #clicked(event) {
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
