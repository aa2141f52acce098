import assert from "node:assert/strict";
import { test } from "node:test";

import { BACKOFF, PATIENCE, QUIET, Sync } from "../../static/annotate/store/sync.js";

/** A clock that moves when told, and a server that answers as told. */
function bench({ version = 1 } = {}) {
  const bench = {
    at: 0,
    waiting: [],
    map: new Uint8Array([0]),
    /** What the server holds; the newest last. */
    versions: [[version, new Uint8Array([0]), null]],
    /** What the saves that arrived are said to have cost, and what is not sent yet. */
    counted: 0,
    work: 0,
    puts: 0,
    answer: null,
    states: [],
    unsent: false,
  };
  const timers = {
    now: () => bench.at,
    after(ms, act) {
      const timer = { due: bench.at + ms, act };
      bench.waiting.push(timer);
      return timer;
    },
    cancel(timer) {
      bench.waiting = bench.waiting.filter((other) => other !== timer);
    },
  };
  const store = ({ pixels, slip }, base) => {
    const newest = bench.versions.at(-1)[0];
    const saves = bench.versions.filter(([number]) => number > base).map(([, , id]) => id);
    if (base !== newest) return { kind: "stale", version: newest, who: "Bea", at: 5, saves };
    bench.versions.push([newest + 1, pixels.slice(), slip.id]);
    bench.counted += slip.work;
    return { kind: "saved", version: newest + 1 };
  };
  bench.store = store;
  /** It arrives, and no word of that comes back. */
  bench.storeAndBreakOff = (parcel, base) => {
    store(parcel, base);
    throw new Error("connection reset");
  };
  bench.sync = new Sync({
    version,
    capture: () => {
      if (!bench.unsent) return null;
      const slip = { id: `a.${bench.puts}`, work: bench.work };
      bench.unsent = false;
      bench.work = 0;
      return { pixels: bench.map.slice(), slip };
    },
    giveBack: ({ slip }) => {
      bench.unsent = true;
      bench.work += slip.work;
    },
    late: ({ work }) => (bench.work -= work),
    put: async (parcel, base) => {
      bench.puts++;
      return bench.answer ? bench.answer(parcel, base) : store(parcel, base);
    },
    judge: async (theirs, base) => {
      const [newest, old] = [theirs.version, base].map((wanted) => bench.versions.find(([number]) => number === wanted)[1][0]);
      bench.unsent = bench.map[0] !== newest;
      return newest !== old && newest !== bench.map[0];
    },
    timers,
    onState: (state) => bench.states.push(state.kind),
  });
  bench.draw = (value) => {
    bench.map = new Uint8Array([value]);
    bench.unsent = true;
    bench.work++;
    bench.sync.touch();
  };
  bench.pass = async (ms) => {
    const until = bench.at + ms;
    for (;;) {
      const next = bench.waiting.filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      bench.at = next.due;
      timers.cancel(next);
      next.act();
      await bench.settled();
    }
    bench.at = until;
  };
  bench.settled = () => new Promise((resolve) => setImmediate(resolve));
  bench.newest = () => bench.versions.at(-1)[1][0];
  return bench;
}

test("a stroke is saved two seconds after the last one", async () => {
  const b = bench();
  b.draw(1);
  await b.pass(QUIET - 1);
  b.draw(2);
  await b.pass(QUIET - 1);
  assert.equal(b.puts, 0);
  await b.pass(1);
  assert.equal(b.puts, 1);
  assert.equal(b.newest(), 2);
  assert.deepEqual(b.sync.state, { kind: "saved", version: 2 });
});

test("who draws on and on without a pause is saved all the same", async () => {
  const b = bench();
  const strokes = (PATIENCE / QUIET) * 3;
  for (let stroke = 1; stroke <= strokes; stroke++) {
    b.draw(stroke);
    await b.pass(QUIET / 2);
  }
  assert.equal(b.puts, 1);
  assert.ok(b.newest() > 1);
  await b.pass(QUIET);
  assert.equal(b.newest(), strokes);
});

test("a stroke drawn during a save is saved by the next", async () => {
  const b = bench();
  let answer;
  b.answer = (parcel, base) => new Promise((resolve) => (answer = () => resolve(b.store(parcel, base))));
  b.draw(1);
  const done = b.sync.flush();
  b.draw(2);
  b.answer = null;
  answer();
  assert.equal(await done, true);
  assert.equal(b.newest(), 2);
  assert.equal(b.sync.version, 3);
});

test("an outage: says why, tries again ever more slowly, loses nothing", async () => {
  const b = bench();
  b.answer = () => Promise.reject(new Error("connection refused"));
  b.draw(1);
  await b.pass(QUIET);
  assert.equal(b.sync.state.kind, "unsaved");
  assert.match(b.sync.state.reason, /connection refused/);
  for (const [i, pause] of BACKOFF.slice(1).entries()) {
    b.draw(i + 2);
    const puts = b.puts;
    await b.pass(BACKOFF[i]);
    assert.equal(b.puts, puts + 1, "a stroke must not quicken it");
    assert.equal(b.sync.state.retryAt, b.at + pause);
  }
  b.answer = null;
  await b.pass(BACKOFF.at(-1));
  assert.equal(b.newest(), 5);
  assert.equal(b.sync.state.kind, "saved");
});

test("a server that died between commit and answer makes no conflict", async () => {
  const b = bench();
  b.answer = b.storeAndBreakOff;
  b.draw(1);
  await b.pass(QUIET);
  b.draw(2);
  b.answer = null;
  await b.pass(BACKOFF[0]);
  assert.ok(!b.states.includes("conflict"));
  assert.equal(b.newest(), 2);
  assert.deepEqual(b.sync.state, { kind: "saved", version: 3 });
  assert.equal(b.counted, 2, "what the strokes cost counts once");
});

test("a save that came twice, the second time as stale, is known as one's own and counts once", async () => {
  for (const [drawsOn, version] of [[false, 2], [true, 3]]) {
    const b = bench();
    b.answer = (parcel, base) => {
      b.answer = null;
      b.store(parcel, base);
      if (drawsOn) b.draw(2);
      return b.store(parcel, base);
    };
    b.draw(1);
    await b.pass(QUIET);
    assert.ok(!b.states.includes("conflict"), b.states.join());
    assert.deepEqual([b.sync.state, b.newest(), b.counted, b.work], [{ kind: "saved", version }, version - 1, version - 1, 0]);
  }
});

test("an answer that was lost is known again after further attempts that failed and strokes over it", async () => {
  const b = bench();
  b.answer = b.storeAndBreakOff;
  b.draw(1);
  await b.pass(QUIET);
  b.answer = () => Promise.reject(new Error("connection refused"));
  b.draw(2);
  await b.pass(BACKOFF[0]);
  b.draw(3);
  b.answer = null;
  await b.pass(BACKOFF[1]);
  assert.ok(!b.states.includes("conflict"));
  assert.deepEqual([b.newest(), b.sync.state, b.counted], [3, { kind: "saved", version: 3 }, 3]);
});

test("what an earlier visit sent last is known by its slip, also where it was undone meanwhile", async () => {
  const b = bench();
  b.versions.push([2, new Uint8Array([1]), "before.0"]);
  b.sync.doubtful = [{ id: "before.0", work: 1 }];
  b.work = 1;
  b.draw(0);
  await b.pass(QUIET);
  assert.ok(!b.states.includes("conflict"));
  assert.deepEqual([b.newest(), b.sync.state, b.counted], [0, { kind: "saved", version: 3 }, 1]);
});

test("another's version upon one of ours whose answer was lost: the choice is between what came after that", async () => {
  const b = bench();
  b.answer = (parcel, base) => {
    b.store(parcel, base);
    b.versions.push([3, new Uint8Array([9]), "bea.0"]);
    throw new Error("connection reset");
  };
  b.draw(1);
  await b.pass(QUIET);
  b.answer = null;
  await b.pass(BACKOFF[0]);
  assert.deepEqual(b.sync.state, { kind: "conflict", version: 2, theirs: { version: 3, who: "Bea", at: 5 } });
});

test("another's newer version is a choice: mine becomes the next one", async () => {
  const b = bench();
  b.versions.push([2, new Uint8Array([9]), null]);
  b.draw(1);
  await b.pass(QUIET);
  assert.deepEqual(b.sync.state, { kind: "conflict", version: 1, theirs: { version: 2, who: "Bea", at: 5 } });
  b.draw(3);
  await b.pass(60_000);
  assert.equal(b.puts, 1, "nothing is sent before the choice");
  assert.equal(await b.sync.settle(), true);
  assert.deepEqual(b.versions.map(([number, pixels]) => [number, pixels[0]]), [[1, 0], [2, 9], [3, 3]]);
});

test("another's newer version is a choice: where theirs is chosen, nothing is sent", async () => {
  const b = bench();
  b.versions.push([2, new Uint8Array([9]), null]);
  b.draw(1);
  await b.pass(QUIET);
  b.map = new Uint8Array([9]);
  b.unsent = false;
  await b.sync.settle();
  assert.equal(b.puts, 1);
  assert.deepEqual(b.sync.state, { kind: "saved", version: 2 });
  b.draw(4);
  await b.pass(QUIET);
  assert.equal(b.newest(), 4);
});

test("a newer version that holds nothing but our own is no conflict, and nothing is sent twice", async () => {
  const b = bench();
  b.versions.push([2, new Uint8Array([1]), null]);
  b.draw(1);
  await b.pass(QUIET);
  assert.ok(!b.states.includes("conflict"));
  assert.equal(b.puts, 1);
  assert.deepEqual(b.sync.state, { kind: "saved", version: 2 });
});

test("what a server in trouble says is told as it says it", async () => {
  const b = bench();
  b.answer = async () => ({ kind: "unreachable", message: "There is no room on the disk." });
  b.draw(1);
  await b.pass(QUIET);
  assert.equal(b.sync.state.reason, "There is no room on the disk.");
});

test("signed out and leased to another: said, tried again; refused: tried with the next stroke", async () => {
  const b = bench();
  b.answer = async () => ({ kind: "signed_out" });
  b.draw(1);
  await b.pass(QUIET);
  assert.match(b.sync.state.reason, /signed out/);
  b.answer = async () => ({ kind: "leased", message: "Bea works on this frame." });
  await b.pass(BACKOFF[0]);
  assert.match(b.sync.state.reason, /Bea/);
  b.answer = async () => ({ kind: "refused", message: "no such class" });
  await b.pass(BACKOFF[1]);
  assert.equal(b.sync.state.retryAt, null);
  b.answer = null;
  b.draw(2);
  await b.pass(QUIET);
  assert.equal(b.newest(), 2);
});

test("what failed to be saved stays unsaved, over strokes and attempts, until a save arrives", async () => {
  const b = bench();
  const outcomes = [
    { kind: "unreachable", message: "no route" },
    { kind: "signed_out" },
    { kind: "refused", message: "no such class" },
    { kind: "refused", message: "no such class" },
  ];
  b.answer = (parcel, base) => outcomes.shift() ?? b.store(parcel, base);
  b.draw(1);
  await b.pass(QUIET);
  const failed = b.states.length;
  for (const value of [2, 3]) {
    b.draw(value);
    await b.pass(BACKOFF[1]);
  }
  b.draw(4);
  await b.pass(QUIET);
  assert.equal(outcomes.length, 0);
  assert.ok(b.states.slice(failed).every((kind) => kind === "unsaved"), b.states.join());
  b.draw(5);
  await b.pass(QUIET);
  assert.deepEqual([b.sync.state, b.newest()], [{ kind: "saved", version: 2 }, 5]);
});

test("a stroke drawn during a save that is refused is tried by itself", async () => {
  const b = bench();
  let refuse;
  b.answer = () => new Promise((resolve) => (refuse = () => resolve({ kind: "refused", message: "no such class" })));
  b.draw(1);
  await b.pass(QUIET);
  b.draw(2);
  b.answer = null;
  refuse();
  await b.settled();
  assert.equal(b.sync.state.kind, "unsaved");
  await b.pass(QUIET);
  assert.deepEqual([b.sync.state, b.newest()], [{ kind: "saved", version: 2 }, 2]);
});

test("a page that handed the frame over neither asks nor sends again, whatever lies on its last save", async () => {
  const [nothingOfTheirs, something] = [0, 9];
  for (const drawn of [nothingOfTheirs, something]) {
    const b = bench();
    let arrive;
    b.answer = (parcel, base) => new Promise((resolve) => (arrive = () => resolve(b.store(parcel, base))));
    b.draw(1);
    await b.pass(QUIET);
    b.sync.stop();
    b.versions.push([2, new Uint8Array([drawn]), "here.0"]);
    b.answer = null;
    arrive();
    await b.settled();
    assert.deepEqual([b.puts, b.states.includes("conflict"), b.newest()], [1, false, drawn]);
  }
});
