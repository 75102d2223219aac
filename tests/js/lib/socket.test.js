import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Socket } from "parley/lib/socket.js";

class FakeWebSocket {
  static made = [];
  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    FakeWebSocket.made.push(this);
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  receive(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  break(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }

  send = (text) => this.sent.push(JSON.parse(text));
  close = () => (this.readyState = 3);
}

let reported;
let socket;
const last = () => FakeWebSocket.made.at(-1);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  FakeWebSocket.made = [];
  reported = [];
  const listeners = {
    onopen: () => reported.push("opened"),
    onmessage: (message) => reported.push(message.type),
    onstatus: (name) => reported.push(name),
    onfinal: (code) => reported.push(code),
    ontoolarge: (message) => reported.push(`too large: ${message.text}`),
  };
  socket = new Socket("ws://here/", listeners, { WebSocket: FakeWebSocket, random: () => 0, longest: 1000 });
  socket.open();
});

test("it opens, receives and sends", () => {
  assert.equal(socket.send({ type: "early" }), false);
  last().open();
  last().receive({ type: "notice" });
  assert.equal(socket.send({ type: "turn.stop" }), true);
  assert.deepEqual(last().sent, [{ type: "turn.stop" }]);
  assert.deepEqual(reported, ["connecting", "open", "opened", "notice"]);
});

test("it reconnects, later each time, and reports it", () => {
  last().open();
  last().break();
  mock.timers.tick(249);
  assert.equal(FakeWebSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeWebSocket.made.length, 2);
  last().break();
  mock.timers.tick(499);
  assert.equal(FakeWebSocket.made.length, 2);
  mock.timers.tick(1);
  last().open();
  assert.deepEqual(reported.slice(-2), ["open", "opened"]);
});

test("it reconnects at once after a restart", () => {
  last().open();
  last().break(1012);
  mock.timers.tick(0);
  assert.equal(FakeWebSocket.made.length, 2);
});

test("a final code ends it", () => {
  last().open();
  last().break(4401);
  mock.timers.tick(60_000);
  assert.equal(FakeWebSocket.made.length, 1);
  assert.equal(reported.at(-1), 4401);
});

test("a connection without pong is dropped", () => {
  last().open();
  mock.timers.tick(25_000);
  assert.deepEqual(last().sent, [{ type: "ping" }]);
  mock.timers.tick(9_999);
  assert.equal(FakeWebSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(reported.at(-1), "connecting");
  mock.timers.tick(250);
  assert.equal(FakeWebSocket.made.length, 2);
});

test("any message counts as a sign of life", () => {
  last().open();
  mock.timers.tick(25_000);
  last().receive({ type: "pong" });
  mock.timers.tick(24_999);
  assert.equal(last().sent.length, 1);
  mock.timers.tick(1);
  assert.equal(last().sent.length, 2);
  assert.equal(FakeWebSocket.made.length, 1);
  assert.ok(!reported.includes("pong"));
});

test("waking connects at once, or pings an open connection", () => {
  last().break();
  socket.wake();
  assert.equal(FakeWebSocket.made.length, 2);
  last().open();
  socket.wake();
  assert.deepEqual(last().sent, [{ type: "ping" }]);
});

test("a dropped connection has no effect any more", () => {
  const old = last();
  old.open();
  socket.sleep();
  assert.equal(old.onmessage, null);
  assert.equal(old.onclose, null);
  mock.timers.tick(250);
  assert.equal(FakeWebSocket.made.length, 2);
});

test("a closed socket stays closed", () => {
  last().open();
  socket.close();
  socket.wake();
  mock.timers.tick(60_000);
  assert.equal(FakeWebSocket.made.length, 1);
});

test("a message that is too large is not sent", () => {
  last().open();
  assert.equal(socket.send({ text: "가".repeat(400) }), true);
  assert.deepEqual(last().sent, []);
  assert.equal(reported.at(-1), `too large: ${"가".repeat(400)}`);
});

test("a close for size names the largest message, once", () => {
  last().open();
  socket.send({ text: "small" });
  socket.send({ text: "the largest of all" });
  socket.send({ text: "another" });
  last().break(1009);
  assert.deepEqual(
    reported.filter((what) => String(what).startsWith("too large")),
    ["too large: the largest of all"],
  );
  mock.timers.tick(250);
  last().open();
  last().break(1009);
  assert.equal(reported.filter((what) => String(what).startsWith("too large")).length, 1);
});

test("connections that end soon follow each other ever later, whatever they received", () => {
  const waits = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    last().open();
    last().receive({ type: "notice" });
    const made = FakeWebSocket.made.length;
    last().break(1009);
    let waited = 0;
    for (; FakeWebSocket.made.length === made; waited += 250) mock.timers.tick(250);
    waits.push(waited);
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000]);
});

test("a connection that lasts makes the next attempt the first one", () => {
  last().break();
  mock.timers.tick(250);
  last().open();
  mock.timers.tick(5000);
  last().break();
  mock.timers.tick(250);
  assert.equal(FakeWebSocket.made.length, 3);
});
