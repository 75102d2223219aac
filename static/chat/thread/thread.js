// The messages of a conversation: inserts new ones, and shows the answer that is being written.

import { announce, toast } from "parley/lib/announcements.js";
import { fetchFragment, fromHtml } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { Answer } from "parley/thread/answer.js";
import { focusIfLost } from "parley/lib/focus.js";
import { foldLongMessages } from "parley/thread/long_message.js";

const MAX_ANNOUNCED_CHARACTERS = 1000;

export class ThreadView {
  // Listener: onlive({turn, seq, question, next}|null) when the thread shows another unfinished answer, or none. `next`:
  // the picker's values of those who answer the same message after it; null outside of comparisons.
  constructor({ onlive }) {
    this.onlive = onlive;
    this.answer = null;
    this.loading = null;
  }

  get root() {
    return document.getElementById("thread");
  }

  get conversation() {
    return this.root.dataset.conversation || null;
  }

  // Whether the path goes on below what is shown: the page was opened at a message that was looked for.
  get isPart() {
    return this.root.querySelector(":scope > [data-later]") !== null;
  }

  // The id of the last message that is shown.
  get leaf() {
    return [...this.root.querySelectorAll(":scope > [data-message]")].findLast((node) => node.dataset.message)
      ?.dataset.message;
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
  // `focus`: a button of this page asked for it, which is gone now; the new answer gets its focus.
  accept({ html, turn }, { focus = false } = {}) {
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
    // A person asked for the rest of the answer above: the divider says so, in place of how that answer ended.
    if ("continued" in message.dataset) before?.querySelector(":scope > [data-ending]")?.remove();
    if (!shown) this.root.append(message);
    this.root.append(...fromHtml(html.answer));
    this.#process();
    this.attach();
    if (focus) focusIfLost(this.answer?.article);
    announce(translate("answering"));
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
    foldLongMessages(this.root);
    this.onlive(this.answer && this.#live(article.dataset));
  }

  #live({ parent, askedNext }) {
    const { turn, seq } = this.answer.state;
    return { turn, seq, question: parent, next: askedNext?.split(" ").filter(Boolean) ?? null };
  }

  #find(message) {
    return this.root.querySelector(`:scope > [data-message="${message}"]`);
  }

  #removeAfter(node) {
    while (this.root.lastElementChild && this.root.lastElementChild !== node)
      this.root.lastElementChild.remove();
  }

  // The answer on the page becomes its final form; its text stays as the reader has it.
  #finish(event) {
    const fresh = event.html && fromHtml(event.html.messages)[0];
    if (!fresh || this.answer?.state.turn !== event.turn) return false;
    const { article } = this.answer;
    this.answer.finish(fresh);
    this.#process();
    this.attach();
    this.#announceEnd(event, article);
    // The summary that this answer waited for is written by now.
    if (this.root.querySelector("[data-summary-pending]")) this.reload();
    return true;
  }

  #announceEnd({ status, error }, article) {
    const ending = article.querySelector("[data-ending] p")?.textContent ?? "";
    const key = { completed: "answer_finished", stopped: "answer_stopped" }[status] ?? "answer_failed";
    const texts = [...article.querySelectorAll("[data-type=text]")].map((node) => node.textContent);
    const text = texts.join("\n").slice(0, MAX_ANNOUNCED_CHARACTERS);
    announce([translate(key), ending || error?.message || "", text].filter(Boolean).join(" "));
  }

  #process() {
    globalThis.htmx?.process(this.root);
  }
}
