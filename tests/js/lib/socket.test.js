import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Socket } from "parley/lib/socket.js";

class Line {
  static lines = [];
  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    Line.lines.push(this);
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  break(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }

  send = (text) => this.sent.push(JSON.parse(text));
  close = () => (this.readyState = 3);
}

let heard;
let socket;
const last = () => Line.lines.at(-1);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  Line.lines = [];
  heard = [];
  const listeners = {
    onopen: () => heard.push("opened"),
    onmessage: (message) => heard.push(message.type),
    onstatus: (name) => heard.push(name),
    onfinal: (code) => heard.push(code),
  };
  socket = new Socket("ws://here/", listeners, { WebSocket: Line, random: () => 0 });
  socket.open();
});

test("it opens, hears and sends", () => {
  assert.equal(socket.send({ type: "early" }), false);
  last().open();
  last().say({ type: "notice" });
  assert.equal(socket.send({ type: "turn.stop" }), true);
  assert.deepEqual(last().sent, [{ type: "turn.stop" }]);
  assert.deepEqual(heard, ["connecting", "open", "opened", "notice"]);
});

test("it comes back, later each time, and says so", () => {
  last().open();
  last().break();
  mock.timers.tick(249);
  assert.equal(Line.lines.length, 1);
  mock.timers.tick(1);
  assert.equal(Line.lines.length, 2);
  last().break();
  mock.timers.tick(499);
  assert.equal(Line.lines.length, 2);
  mock.timers.tick(1);
  last().open();
  assert.deepEqual(heard.slice(-2), ["open", "opened"]);
});

test("a restart brings it back at once", () => {
  last().open();
  last().break(1012);
  mock.timers.tick(0);
  assert.equal(Line.lines.length, 2);
});

test("final codes end it", () => {
  last().open();
  last().break(4401);
  mock.timers.tick(60_000);
  assert.equal(Line.lines.length, 1);
  assert.equal(heard.at(-1), 4401);
});

test("a dead line is noticed by its silence", () => {
  last().open();
  mock.timers.tick(25_000);
  assert.deepEqual(last().sent, [{ type: "ping" }]);
  mock.timers.tick(9_999);
  assert.equal(Line.lines.length, 1);
  mock.timers.tick(1);
  assert.equal(heard.at(-1), "connecting");
  mock.timers.tick(250);
  assert.equal(Line.lines.length, 2);
});

test("any word shows that the line lives", () => {
  last().open();
  mock.timers.tick(25_000);
  last().say({ type: "pong" });
  mock.timers.tick(24_999);
  assert.equal(last().sent.length, 1);
  mock.timers.tick(1);
  assert.equal(last().sent.length, 2);
  assert.equal(Line.lines.length, 1);
  assert.ok(!heard.includes("pong"));
});

test("waking connects without waiting, or asks the open line", () => {
  last().break();
  socket.wake();
  assert.equal(Line.lines.length, 2);
  last().open();
  socket.wake();
  assert.deepEqual(last().sent, [{ type: "ping" }]);
});

test("an old line's words and end change nothing any more", () => {
  const old = last();
  old.open();
  socket.sleep();
  assert.equal(old.onmessage, null);
  assert.equal(old.onclose, null);
  mock.timers.tick(250);
  assert.equal(Line.lines.length, 2);
});

test("closed means closed", () => {
  last().open();
  socket.close();
  socket.wake();
  mock.timers.tick(60_000);
  assert.equal(Line.lines.length, 1);
});
