import assert from "node:assert/strict";
import { test } from "node:test";

import { fileName, fileNameIn, kindOf } from "parley/models/text/code_files.js";

const INFOS = [
  ['python title="app.py"', "app.py"],
  ["js filename=src/main.js", "main.js"],
  ["tsx {1,3} title='pages/Home page.tsx'", "Home page.tsx"],
  ["python app.py", "app.py"],
  ["python:src/app.py", "app.py"],
  ["docker-compose.yml", "docker-compose.yml"],
  ['sh title="../../../etc/passwd.sh"', "passwd.sh"],
  ["c++", ""],
  ["python", ""],
  ["", ""],
  ["js 1", ""],
];
for (const [info, name] of INFOS) {
  test(`the file in the fence ${JSON.stringify(info)}`, () => assert.equal(fileNameIn(info), name));
}

const NAMES = [
  [{ language: "python", text: "print(1)" }, "code.py"],
  [{ language: "Py", text: "print(1)" }, "code.py"],
  [{ language: "python", text: "# src/app.py\nprint(1)" }, "app.py"],
  [{ language: "js", text: "// utils/format.js\n" }, "format.js"],
  [{ language: "js", text: "// a remark\n" }, "code.js"],
  [{ language: "c++" }, "code.cpp"],
  [{ language: "", text: "words" }, "code.txt"],
  [{ language: "weird lang!" }, "code.txt"],
  [{ language: "abap" }, "code.abap"],
  [{ language: "dockerfile" }, "Dockerfile"],
  [{ language: "html", title: "서울 날씨: 오늘!" }, "서울-날씨-오늘.html"],
  [{ language: "html", text: "<svg viewBox='0 0 1 1'></svg>", title: "A / B" }, "A-B.svg"],
  [{ language: "md", title: "Plan" }, "Plan.md"],
  [{ language: "python", file: "given.py" }, "given.py"],
];
for (const [code, name] of NAMES) {
  test(`the name of ${JSON.stringify(code).slice(0, 60)}`, () => assert.equal(fileName(code), name));
}

const KINDS = [
  ["html", "<p>part</p>", "html"],
  ["", "<!DOCTYPE html>\n<html></html>", "html"],
  ["xml", '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"],
  ["xml", "<note/>", "code"],
  ["markdown", "# T", "markdown"],
  ["python", "<svg>", "code"],
  ["", "text", "code"],
];
for (const [language, text, kind] of KINDS) {
  test(`${language || "no language"} is ${kind}: ${text.slice(0, 20)}`, () =>
    assert.equal(kindOf(language, text), kind));
}
