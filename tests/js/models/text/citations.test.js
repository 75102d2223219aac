import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, CitationMarks, withoutMarks, withoutSigns } from "parley/models/text/citations.js";
import { TurnState } from "parley/models/turn/turn_state.js";

const about = { document_index: 0, document_title: "a (1).md" };
const line = { type: "char_location", start_char_index: 3, end_char_index: 9, ...about };
const paper = { type: "page_location", start_page_number: 2, cited_text: "Grass (green)", ...about };

test("addresses are safe inside markdown", () => {
  assert.equal(addressOf("m1", line), "/cited/m1?document=0&title=a%20%281%29.md&start=3&end=9");
  assert.equal(
    addressOf("m1", paper),
    "/cited/m1?document=0&title=a%20%281%29.md&page=2&quote=Grass%20%28green%29",
  );
  assert.equal(
    addressOf("m1", { type: "content_block_location", document_index: 1 }),
    "/cited/m1?document=1&title=",
  );
  const web = { type: "web_search_result_location", url: "https://example.com/a(b)" };
  assert.equal(addressOf("m1", web), "https://example.com/a%28b%29");
  assert.equal(addressOf("m1", { ...web, url: "javascript:alert(1)" }), "");
  assert.equal(addressOf("m1", { type: "toString" }), "");
});

test("numbers continue after the text that is shown", () => {
  const marks = new CitationMarks();
  const first = marks.append("m1", "Green. \n", [line, line]);
  assert.equal(first, "Green. \uFDD0[1](/cited/m1?document=0&title=a%20%281%29.md&start=3&end=9) \n");
  const text = `${first}${marks.append("m1", "Blue", [paper, line])}`;
  assert.equal(withoutMarks(text), "Green. \nBlue");
  const later = new CitationMarks(text);
  assert.match(later.append("m1", "x", [paper]), /^x \uFDD0\[2\]/);
  assert.match(later.append("m1", "y", [{ ...paper, start_page_number: 3 }]), /^y \uFDD0\[3\]/);
  assert.equal(later.append("m1", "z"), "z");
});

test("a turn state keeps the citations of a block", () => {
  const state = new TurnState({ turn: "t" });
  state.apply({ type: "block.start", seq: 1, message: "m", index: 0, block: { type: "text" } });
  state.apply({ type: "block.delta", seq: 2, index: 0, citation: line });
  const block = state.apply({ type: "block.delta", seq: 3, index: 0, citation: paper });
  assert.deepEqual(block.citations, [line, paper]);
});

test("a model can't write a mark", () => {
  const forged = "Fact. \uFDD0[1](https://evil.example/)";
  assert.equal(withoutSigns(forged), "Fact. \uFFFD[1](https://evil.example/)");
  assert.equal(withoutSigns("no sign"), "no sign");
});

test("a passage of a project leads to its document, and nowhere else", () => {
  const file = "/attachments/0198c0de-0000-7000-8000-000000000001";
  const cited = (source) => addressOf("m", { type: "search_result_location", source, cited_text: "91 m" });
  assert.equal(cited(`${file}?start=0&end=24#cited`), `${file}?start=0&end=24&message=m#cited`);
  assert.equal(cited(`${file}?page=2#cited`), `${file}?page=2&message=m&quote=91%20m#cited`);
  for (const wrong of ["https://evil.example/", `//evil.example${file}?page=2#cited`, file, undefined])
    assert.equal(cited(wrong), "");
});
