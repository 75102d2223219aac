// Where citations lead, and the numbered links that stand in the text for them: the same as chat/presentation/citations.py writes.

const MARK = / ?\[\\\[(\d+)\\\]\]\(([^)\s]+)\)/g;
const LONGEST_QUOTE = 300;

// The address of what a citation names, below the answer's own; "" when it leads nowhere.
export function addressOf(message, citation) {
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

// Numbers places in the order in which an answer names them.
export class Marks {
  #numbers = new Map();

  // `text`: what is shown already, with its marks.
  constructor(message, text = "") {
    this.message = message;
    for (const [, number, address] of text.matchAll(MARK)) this.#numbers.set(address, Number(number));
  }

  // Returns the text with its marks, which stand before the blanks at its end.
  after(text, citations) {
    const marks = (citations ?? [])
      .map((citation) => addressOf(this.message, citation))
      .filter((address, place, all) => address && all.indexOf(address) === place)
      .map((address) => ` [\\[${this.#number(address)}\\]](${address})`);
    const end = text.trimEnd().length;
    return text.slice(0, end) + marks.join("") + text.slice(end);
  }

  #number(address) {
    if (!this.#numbers.has(address)) this.#numbers.set(address, this.#numbers.size + 1);
    return this.#numbers.get(address);
  }
}

export function withoutMarks(text) {
  return text.replace(MARK, "");
}

function escaped(address) {
  return address.replace(
    /[()\s"'<>\\]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
