// Reading an answer aloud by the browser's own voices, sentence by sentence. Only voices of this device are used: others
// would send the answer to a company's servers.

import { announce, toast } from "parley/lib/announcements.js";
import { page, translate } from "parley/lib/page.js";
import { longestMs, speechParts, voiceFor } from "parley/models/text/speech.js";

const VOICES_WITHIN_MS = 2000;
const BLOCKS = "p, li, h1, h2, h3, h4, h5, h6, td, th, blockquote, dt, dd, summary";
const UNSPOKEN = "pre, .code, .citation, .footnote-back, sup, button, [aria-hidden=true], annotation";

export class Reader {
  #button = null;
  #parts = [];
  #at = 0;
  #paused = false;
  #timer = null;
  // Kept while it is spoken: Chrome forgets an utterance that nothing refers to, and its end is never told.
  #utterance = null;

  constructor(synthesis = globalThis.speechSynthesis) {
    this.synthesis = synthesis;
  }

  start() {
    if (!this.synthesis) return;
    document.documentElement.dataset.canSpeak = "";
    this.synthesis.getVoices(); // some browsers begin to look for them then
    document.addEventListener("click", ({ target }) => {
      const button = target.closest?.("[data-read-aloud]");
      if (button) this.#press(button);
      else if (target.closest?.("[data-read-stop]")) this.stop();
    });
    // Chrome goes on speaking on the next page.
    addEventListener("pagehide", () => this.stop());
  }

  stop() {
    if (this.#button) this.#show("");
    this.#button = null;
    this.#silence();
  }

  // Pausing ends the part that is spoken, and going on begins it again: pause() ends speech on Android, and Chrome
  // does not always go on after it.
  #press(button) {
    if (button !== this.#button) this.#begin(button);
    else if (this.#paused) this.#resume();
    else {
      this.#paused = true;
      this.#silence();
      this.#show("paused");
    }
  }

  async #begin(button) {
    this.stop();
    this.#button = button;
    this.#parts = speechParts(paragraphsOf(button.closest(".message")), page.language);
    this.#at = 0;
    this.voices = await voicesOf(this.synthesis);
    if (button !== this.#button) return; // another one was pressed meanwhile
    if (!this.#parts.length) this.#giveUp("speech_nothing");
    else if (!this.#parts.some((part) => this.#voice(part))) this.#giveUp("speech_no_voice");
    else this.#resume();
  }

  #resume() {
    this.#paused = false;
    this.#show("reading");
    this.#speak();
  }

  #speak() {
    // The answer was replaced: another version of it is shown.
    if (!this.#button?.isConnected) return this.stop();
    const part = this.#parts[this.#at];
    if (!part) return this.#finish();
    const voice = this.#voice(part);
    if (!voice) return this.#next();
    const utterance = new SpeechSynthesisUtterance(part.text);
    Object.assign(utterance, { voice, lang: voice.lang });
    utterance.onend = () => utterance === this.#utterance && this.#next();
    utterance.onerror = ({ error }) => this.#failed(utterance, error);
    this.#utterance = utterance;
    this.#timer = setTimeout(() => utterance === this.#utterance && this.#skip(), longestMs(part.text));
    this.synthesis.speak(utterance);
  }

  #voice({ language }) {
    return voiceFor(this.voices, language, page.language);
  }

  #next() {
    clearTimeout(this.#timer);
    this.#at += 1;
    this.#speak();
  }

  // A voice that hangs blocks all that follows until it is cancelled.
  #skip() {
    this.#silence();
    this.#next();
  }

  #failed(utterance, error) {
    if (utterance !== this.#utterance || error === "canceled" || error === "interrupted") return;
    this.#giveUp(error === "not-allowed" ? "speech_blocked" : "speech_failed");
  }

  #finish() {
    this.stop();
    announce(translate("speech_finished"));
  }

  #giveUp(key) {
    this.stop();
    toast(translate(key));
  }

  #silence() {
    clearTimeout(this.#timer);
    this.#utterance = null;
    this.synthesis.cancel();
  }

  // `state`: reading, paused or "".
  #show(state) {
    const button = this.#button;
    const name = translate({ reading: "speech_pause", paused: "speech_resume" }[state] ?? "speech_read");
    button.dataset.state = state;
    button.setAttribute("aria-label", name);
    button.title = name;
    const stop = button.parentElement.querySelector("[data-read-stop]");
    if (stop === document.activeElement && !state) button.focus();
    stop.hidden = !state;
  }
}

// Returns the texts of an answer's paragraphs, without code.
export function paragraphsOf(message) {
  return [...message.querySelectorAll("[data-type=text]")].flatMap((text) => {
    const copy = document.createElement("div");
    for (const node of text.childNodes) copy.append(node.cloneNode(true));
    for (const node of copy.querySelectorAll(UNSPOKEN)) node.remove();
    for (const block of copy.querySelectorAll(BLOCKS)) block.append("\n");
    return copy.textContent.split("\n").filter((line) => line.trim());
  });
}

// Voices are not known at first in most browsers, and some never tell that they are.
async function voicesOf(synthesis) {
  const known = synthesis.getVoices();
  if (known.length) return known;
  await new Promise((resolve) => {
    synthesis.addEventListener?.("voiceschanged", resolve, { once: true });
    setTimeout(resolve, VOICES_WITHIN_MS);
  });
  return synthesis.getVoices();
}
