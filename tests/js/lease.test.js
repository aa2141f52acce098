import assert from "node:assert/strict";
import { test } from "node:test";

import { keepLease } from "../../static/annotate/lease.js";

const MINUTE = 60_000;

test("the frame is kept while somebody is at the page; who comes back after a while hears whose it is", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const signs = new Map();
  globalThis.addEventListener = (sign, act) => signs.set(sign, act);
  globalThis.document = { addEventListener() {}, visibilityState: "visible" };
  context.after(() => {
    delete globalThis.addEventListener;
    delete globalThis.document;
  });
  let beats = 0;
  let idle = 0;
  const pass = (minutes) => {
    for (; minutes > 0; minutes--) {
      idle += MINUTE;
      context.mock.timers.tick(MINUTE);
    }
  };
  const renew = async () => (beats++, { kind: "held" });
  let over = false;
  keepLease({ renew, tell() {}, idle: () => idle, over: () => over });
  assert.equal(beats, 1);
  pass(10);
  assert.equal(beats, 11);
  pass(60);
  assert.equal(beats, 11, "a tab left open overnight keeps nothing");
  idle = 0;
  signs.get("pointermove")();
  signs.get("pointermove")();
  assert.equal(beats, 12);
  pass(1);
  assert.equal(beats, 13);
  over = true;
  pass(1);
  signs.get("online")();
  assert.equal(beats, 13, "another tab has the frame, and keeps it");
});
