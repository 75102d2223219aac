// Dictation by the browser's own speech recognition, where it has one. It writes into the message field and never sends.

import { announce, toast } from "parley/lib/announcements.js";
import { page, translate } from "parley/lib/page.js";
import { dictatedText, insertedAt } from "parley/models/message/dictation_text.js";

const KNOWN_KEY = "parley.dictation";
const PROBLEMS = {
  "audio-capture": "dictation_no_microphone",
  "language-not-supported": "dictation_no_language",
  network: "dictation_unreachable",
  "no-speech": "dictation_silence",
  "not-allowed": "dictation_blocked",
  "service-not-allowed": "dictation_blocked",
};
const CUMULATIVE = /Android/.test(navigator.userAgent);

export class Dictation {
  #session = null;
  #before = "";
  #behind = "";
  #written = null;

  constructor({ form, field, storage }) {
    Object.assign(this, { field, storage });
    this.Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
    this.button = form.querySelector("[data-dictate]");
    if (!this.Recognition || !this.button) return;
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.#toggle());
    // What is typed or sent meanwhile is the person's own: late results must not overwrite it.
    field.addEventListener("input", ({ isTrusted }) => isTrusted && this.stop());
    addEventListener("pagehide", () => this.stop());
    this.dialog = document.getElementById("dictation-notice");
    this.dialog.addEventListener("close", () => this.#answered());
  }

  // Ends a dictation; what was heard stays in the field.
  stop() {
    this.#session?.abort();
  }

  async #toggle() {
    if (this.#session) {
      this.#session.stop();
      return;
    }
    const local = await this.#runsHere();
    if (local || this.#isKnown()) this.#start(local);
    else this.dialog.showModal();
  }

  // Whether this browser recognises the page's language on the device itself, without sending the sound anywhere.
  async #runsHere() {
    const options = { langs: [page.language], processLocally: true };
    try {
      return (await this.Recognition.available?.(options)) === "available";
    } catch {
      return false;
    }
  }

  #isKnown() {
    try {
      return this.storage.getItem(KNOWN_KEY) === "1";
    } catch {
      return false;
    }
  }

  #answered() {
    this.button.focus();
    if (this.dialog.returnValue !== "dictate") return;
    try {
      this.storage.setItem(KNOWN_KEY, "1");
    } catch {
      // Without storage the notice comes again.
    }
    this.#start(false);
  }

  #start(processLocally) {
    const session = new this.Recognition();
    Object.assign(session, { lang: page.language, interimResults: true, continuous: true });
    if (processLocally) session.processLocally = true;
    const { value, selectionStart, selectionEnd } = this.field;
    this.#before = value.slice(0, selectionStart);
    this.#behind = value.slice(selectionEnd);
    this.#written = value;
    session.onresult = ({ results }) => this.#write(session, results);
    session.onerror = ({ error }) => error in PROBLEMS && toast(translate(PROBLEMS[error]));
    session.onend = () => this.#ended(session);
    this.#session = session;
    this.#show(true);
    try {
      session.start();
    } catch {
      this.#ended(session);
    }
  }

  #write(session, results) {
    // The message was sent, or another draft stands there.
    if (session !== this.#session || this.field.value !== this.#written) {
      session.abort();
      return;
    }
    const text = dictatedText(results, { cumulative: CUMULATIVE });
    const { value, cursor } = insertedAt(this.#before, text, this.#behind);
    this.field.value = value;
    this.#written = value;
    this.field.setSelectionRange(cursor, cursor);
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #ended(session) {
    if (session !== this.#session) return;
    this.#session = null;
    this.#show(false);
  }

  #show(listening) {
    this.button.setAttribute("aria-pressed", String(listening));
    announce(translate(listening ? "dictation_on" : "dictation_off"));
  }
}
