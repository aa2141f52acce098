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
