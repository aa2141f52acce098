import assert from "node:assert/strict";
import { test } from "node:test";

import { IDLE, WorkClock } from "../../static/annotate/work.js";

test("idle time is no work; what did not arrive is counted with the next", () => {
  let now = 1000;
  const clock = new WorkClock(() => now);
  const after = (ms) => ((now += ms), clock.touch());
  after(0);
  after(5000);
  after(IDLE + 1);
  now += 2500;
  clock.act("brush");
  clock.act("brush");
  clock.act("undo");
  const work = clock.take();
  assert.deepEqual(work, { seconds: 7.5, actions: { brush: 2, undo: 1 } });
  after(1000);
  clock.act("fill");
  clock.giveBack(work);
  assert.deepEqual(clock.take(), { seconds: 8.5, actions: { fill: 1, brush: 2, undo: 1 } });
  assert.deepEqual(clock.take(), { seconds: 0, actions: {} });
});

test("what was given back and had arrived after all counts once", () => {
  let now = 1000;
  const clock = new WorkClock(() => now);
  clock.touch();
  now += 4000;
  clock.act("brush");
  const lost = clock.take();
  clock.giveBack(lost);
  now += 2000;
  clock.act("brush");
  clock.act("fill");
  assert.deepEqual(clock.look(), { seconds: 6, actions: { brush: 2, fill: 1 } });
  clock.takeOff(lost);
  assert.deepEqual(clock.take(), { seconds: 2, actions: { brush: 1, fill: 1 } });
  clock.takeOff(lost);
  assert.deepEqual(clock.take(), { seconds: 0, actions: {} });
});

test("how long there was no sign of the person", () => {
  let now = 1000;
  const clock = new WorkClock(() => now);
  now += 5000;
  assert.equal(clock.idle, 5000, "since the page was opened");
  clock.touch();
  now += 700;
  assert.equal(clock.idle, 700);
});
