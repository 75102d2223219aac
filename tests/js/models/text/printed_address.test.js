import assert from "node:assert/strict";
import { test } from "node:test";

import { printedAddress } from "parley/models/text/printed_address.js";

for (const [text, href, printed] of [
  ["the manual", "https://example.org/manual", "https://example.org/manual"],
  ["https://example.org/manual", "https://example.org/manual", null],
  [" https://example.org/manual\n", "https://example.org/manual", null],
  ["www.example.org", "http://www.example.org/", null],
  ["[1]", "/cited/0190?block=1", null],
  ["mina@example.org", "mailto:mina@example.org", null],
]) {
  test(`behind the link "${text}" stands ${printed}`, () => {
    assert.equal(printedAddress(text, href), printed);
  });
}
