// What is mended in diagrams that Mermaid refuses.

import assert from "node:assert/strict";
import { test } from "node:test";

import { repaired } from "parley/diagrams/repair.js";
import { assertLinear } from "../support/growth.js";

const LINES = [
  ["A[Say (x)] --> B[(db (x))]", 'A["Say (x)"] --> B[("db (x)")]'],
  ["A(a (b) c) & B((c (x))) --> C([s (x)])", 'A("a (b) c") & B(("c (x)")) --> C(["s (x)"])'],
  ["A{Ok (?)} -->|x (y)| B{{h (x)}}", 'A{"Ok (?)"} -->|"x (y)"| B{{"h (x)"}}'],
  ["A -- no (really) --> B[/x (y)/]", 'A -- "no (really)" --> B[/"x (y)"/]'],
  ['A[items[0] "q"]:::big --- B', 'A["items[0] #quot;q#quot;"]:::big --- B'],
  ["  subgraph 한글 [제목 (둘)]", '  subgraph 한글["제목 (둘)"]'],
  ["A --> end", 'A --> end_["end"]'],
  ["end[Stop] --> Calendar", 'end_["Stop"] --> Calendar'],
  // What is right stays.
  ['A["Say (x)"] --> B("y")', 'A["Say (x)"] --> B("y")'],
  ['A[("db (x)")] -->|"x (y)"| B', 'A[("db (x)")] -->|"x (y)"| B'],
  ["  end", "  end"],
  ["style A fill:#f9f", "style A fill:#f9f"],
  ['click A "https://example.org/(x)"', 'click A "https://example.org/(x)"'],
  ["%% A[x (y)]", "%% A[x (y)]"],
];
for (const [line, mended] of LINES) {
  test(`the line ${line}`, () => assert.equal(repaired(`graph TD\n${line}`), `graph TD\n${mended}`));
}

test("a semicolon in a message does not end it, and that of an entity stays", () =>
  assert.equal(
    repaired("sequenceDiagram\n  A->>B: Hello; you\n  B->>A: #9829; &amp; x;\n  participant C"),
    "sequenceDiagram\n  A->>B: Hello#59; you\n  B->>A: #9829; &amp; x#59;\n  participant C",
  ));

test("other diagrams stay", () => assert.equal(repaired("pie\n  A[x (y)]"), "pie\n  A[x (y)]"));

for (const part of ["A[", "A(", "a", "-- a ", "-- ", "|", "|a", '"', "{{"]) {
  test(`many ${part} take no square of time`, () =>
    assertLinear((length) => `graph TD\n${part.repeat(length / part.length)}`, repaired, { length: 5000 }));
}
