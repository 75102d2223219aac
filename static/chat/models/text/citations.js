// The addresses of citations and their marks in the text, as chat/presentation/citations.py writes them.
//
// A mark is a sign, a number and an address. The sign is a noncharacter of Unicode, which is taken out of what a model
// writes: a model can't write a link that looks like a citation.

const SIGN = "\uFDD0";
// One mark, for a reader of Markdown.
export const CITATION = /\uFDD0\[(\d{1,5})\]\(([^)\s]{1,8000})\)/y;
const MARK = / ?\uFDD0\[(\d+)\]\(([^)\s]+)\)/g;
const LONGEST_QUOTE = 300;

// The address that Parley's own tool gave a passage; no other source may lead anywhere.
const OWN = /^(\/attachments\/[0-9a-f-]{36}\?(?:page=\d+|start=\d+&end=\d+))#cited$/;

// Returns the address of the cited text in a document of the answer or on the web; "" if it has none.
export function addressOf(message, citation) {
  if (citation.type === "search_result_location") return ownAddress(message, citation);
  const places = {
    char_location: () => ({ start: citation.start_char_index, end: citation.end_char_index }),
    page_location: () => ({
      page: citation.start_page_number,
      quote: (citation.cited_text ?? "").slice(0, LONGEST_QUOTE),
    }),
    content_block_location: () => ({}),
    web_search_result_location: null,
  };
  if (!Object.hasOwn(places, citation.type)) return "";
  if (!places[citation.type]) return /^https?:\/\//.test(citation.url ?? "") ? escaped(citation.url) : "";
  const place = places[citation.type]();
  const asked = { document: citation.document_index, title: citation.document_title ?? "", ...place };
  const query = Object.entries(asked).map(([name, value]) => `${name}=${escaped(encodeURIComponent(value))}`);
  return `/cited/${message}?${query.join("&")}`;
}

function ownAddress(message, { source, cited_text: text }) {
  const [, place] = OWN.exec(source ?? "") ?? [];
  if (!place) return "";
  const quote = escaped(encodeURIComponent((text ?? "").slice(0, LONGEST_QUOTE)));
  return `${place}&message=${message}${place.includes("?page=") ? `&quote=${quote}` : ""}#cited`;
}

// Numbers the cited places in the order in which an answer names them, through all messages of its turn.
export class CitationMarks {
  #numbers = new Map();

  // `text`: the text that is shown already, with its marks.
  constructor(text = "") {
    for (const [, number, address] of text.matchAll(MARK)) this.#numbers.set(address, Number(number));
  }

  // Returns a message's text with the marks of `citations` appended, before trailing white space.
  append(message, text, citations) {
    const marks = (citations ?? [])
      .map((citation) => addressOf(message, citation))
      .filter((address, place, all) => address && all.indexOf(address) === place)
      .map((address) => ` ${SIGN}[${this.#number(address)}](${address})`);
    const end = text.trimEnd().length;
    return text.slice(0, end) + marks.join("") + text.slice(end);
  }

  #number(address) {
    if (!this.#numbers.has(address)) this.#numbers.set(address, this.#numbers.size + 1);
    return this.#numbers.get(address);
  }
}

// Returns a model's text without the sign that only marks of citations have.
export function withoutSigns(text) {
  return text.replaceAll(SIGN, "\uFFFD");
}

// Returns the text without its citation marks.
export function withoutMarks(text) {
  return text.replace(MARK, "");
}

function escaped(address) {
  return address.replace(
    /[()\s"'<>\\]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
