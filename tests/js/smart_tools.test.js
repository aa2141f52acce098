import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { FixQueue } from "../../static/annotate/fix_queue.js";
import { ORIGIN, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { SCALES } from "../../static/annotate/segments.js";
import { LiveWire } from "../../static/annotate/tools/live_wire.js";
import { EXTENTS } from "../../static/annotate/tools/propagate.js";
import { drawnSegments, fingerprint, random, startMask } from "./support.js";

// Stripes of looks meet at x = 140 and x = 280.
const [WIDTH, HEIGHT] = [420, 260];
const NEW = 18;

/** @param {import("../../static/annotate/editor.js").ToolName} tool @returns {Editor} */
function editorWith(tool) {
  const editor = new Editor(startMask(WIDTH, HEIGHT), { classes: 19 });
  editor.segments = drawnSegments(WIDTH, HEIGHT);
  editor.take(tool);
  editor.choose(NEW);
  return editor;
}

const scribble = (editor, from, to, how) => {
  editor.press(from, how);
  editor.drag(to);
  editor.lift();
};

test("a scribble fills the stripe that it is in, and nothing before it is accepted", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  assert.equal(editor.map.counts[NEW], 0);
  assert.equal(editor.history.past.length, 0);
  assert.ok(editor.accept());
  assert.ok(editor.map.counts[NEW] > 0.9 * 140 * HEIGHT);
  editor.map.origins.forEach((origin, at) => assert.equal(origin, editor.map.pixels[at] === NEW ? ORIGIN.propagate : ORIGIN.model));
  for (const x of [100, 320]) for (let y = 0; y < HEIGHT; y += 10) assert.notEqual(editor.map.at(x, y), NEW);
  assert.equal(editor.history.past.length, 1);
  editor.undo();
  assert.ok(same(editor.map.pixels, startMask(WIDTH, HEIGHT).pixels));
});

test("a larger extent fills all of a smaller one and more", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 202, y: 100 });
  for (let i = 0; i < EXTENTS.length; i++) editor.resize(-1);
  let before = new Set(editor.spread.region);
  const first = before.size;
  for (let extent = 1; extent < EXTENTS.length; extent++) {
    editor.resize(1);
    const region = new Set(editor.spread.region);
    assert.ok([...before].every((superpixel) => region.has(superpixel)));
    before = region;
  }
  assert.ok(before.size > first);
});

test("what is trimmed stays out, and so does what the person has labelled otherwise", () => {
  const filled = (prepare, trim) => {
    const editor = editorWith("propagate");
    prepare(editor);
    scribble(editor, { x: 200, y: 20 }, { x: 202, y: 20 });
    for (let i = 0; i < EXTENTS.length; i++) editor.resize(1);
    if (trim) scribble(editor, { x: 320, y: 200 }, { x: 330, y: 200 }, { erase: true });
    editor.accept();
    return editor.map;
  };
  const all = filled(() => {}, false);
  assert.equal(all.at(320, 200), NEW, "at the largest extent everything looks alike");
  const trimmed = filled(() => {}, true);
  assert.notEqual(trimmed.at(320, 200), NEW);
  assert.notEqual(trimmed.at(300, 50), NEW, "nor what looks like what was trimmed");
  const labelled = filled((editor) => {
    editor.take("segment");
    editor.scale = 0;
    editor.choose(NEW - 1);
    scribble(editor, { x: 320, y: 10 }, { x: 320, y: 250 });
    editor.take("propagate");
    editor.choose(NEW);
  }, false);
  assert.notEqual(labelled.at(350, 200), NEW);
  assert.equal(labelled.at(320, 200), NEW - 1);
});

test("a scribble leaves alone what was labelled otherwise by hand, however much that is and however alike it looks", () => {
  const editor = editorWith("segment");
  editor.scale = 0;
  editor.choose(3);
  for (let y = 5; y < HEIGHT; y += 24) scribble(editor, { x: 150, y }, { x: 275, y });
  const labelled = editor.map.counts[3];
  assert.ok(labelled / 36 > 200, "more superpixels than are compared with");
  editor.take("propagate");
  editor.choose(NEW);
  scribble(editor, { x: 200, y: 14 }, { x: 210, y: 14 });
  for (let i = 0; i < EXTENTS.length; i++) editor.resize(1);
  assert.ok(editor.accept());
  assert.equal(editor.map.counts[3], labelled);
});

test("a scribble fills what was erased before", () => {
  const editor = editorWith("rectangle");
  scribble(editor, { x: 150, y: 10 }, { x: 270, y: 250 }, { erase: true });
  editor.take("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 200, y: 100 });
  editor.accept();
  assert.ok(editor.map.counts[UNLABELLED] < 100, `${editor.map.counts[UNLABELLED]} pixels are still without a class`);
});

test("a preview for another class spreads as a scribble of that class would", () => {
  const spread = (before) => {
    const editor = editorWith("segment");
    editor.choose(3);
    scribble(editor, { x: 300, y: 10 }, { x: 300, y: 250 });
    editor.take("propagate");
    editor.choose(before);
    scribble(editor, { x: 300, y: 100 }, { x: 301, y: 100 });
    // Read once, as the page does when it shows it.
    assert.ok(editor.spread.region.length > 0);
    editor.choose(3);
    return editor.spread.region;
  };
  assert.deepEqual(spread(NEW), spread(3));
});

test("by finger a switch says that scribbles trim", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  const all = editor.spread.region.length;
  editor.spread.trims = true;
  scribble(editor, { x: 210, y: 20 }, { x: 210, y: 60 });
  assert.ok(editor.spread.region.length < all);
  editor.accept();
  scribble(editor, { x: 210, y: 20 }, { x: 210, y: 60 });
  assert.ok(editor.spread.region.length > 0, "the next one fills again");
});

test("another class, another tool, Escape and undo do with a preview what they say", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  editor.choose(3);
  assert.equal(editor.spread.value, 3);
  editor.undo();
  assert.equal(editor.spread, null);
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  editor.take("brush");
  assert.equal(editor.accept(), false);
  assert.ok(same(editor.map.pixels, startMask(WIDTH, HEIGHT).pixels));
});

test("a polygon that was dropped comes back with undo, in its place among the changes", () => {
  const editor = editorWith("polygon");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150]]) editor.press({ x, y }), editor.lift();
  editor.take("brush");
  assert.equal(editor.pending, null);
  scribble(editor, { x: 300, y: 200 }, { x: 310, y: 200 });
  editor.undo();
  assert.equal(editor.map.counts[NEW], 0, "first the stroke, which came after it");
  assert.ok(editor.canUndo);
  editor.undo();
  assert.deepEqual([editor.tool, editor.polygon.corners.length], ["polygon", 3]);
  editor.closePolygon();
  assert.ok(editor.map.counts[NEW] > 4000);
  editor.undo();
  assert.equal(editor.canUndo, false);
});

test("a preview that was dropped comes back with undo, and can be accepted", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  const { length } = editor.spread.region;
  editor.cancel();
  editor.choose(2);
  editor.undo();
  assert.deepEqual([editor.spread.region.length, editor.class], [length, NEW]);
  editor.undo();
  assert.equal(editor.spread, null);
  assert.equal(editor.canUndo, false, "undone, not dropped");
});

test("to move the view, or to take the polygon anew, does nothing to one that is open", () => {
  const editor = editorWith("polygon");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150]]) editor.press({ x, y }), editor.lift();
  editor.take("hand");
  editor.choose(2);
  assert.deepEqual([editor.tool, editor.polygon.corners.length], ["polygon", 3]);
  editor.take("polygon");
  assert.equal(editor.polygon.corners.length, 3);
});

test("a mask that takes the place of this one leaves a polygon open", () => {
  const editor = editorWith("polygon");
  editor.press({ x: 50, y: 50 });
  editor.lift();
  editor.replace(new Uint8Array(WIDTH * HEIGHT).fill(2), "version 1");
  assert.equal(editor.polygon.corners.length, 1);
});

test("the second press of a double click closes a polygon, and begins none where the first has closed it", () => {
  const editor = editorWith("polygon");
  const square = [[50, 50], [150, 50], [150, 150], [50, 150]];
  for (const [x, y] of square) editor.press({ x, y }, { reach: 5 }), editor.lift();
  editor.press({ x: 50, y: 150 }, { reach: 5, again: true });
  editor.lift();
  assert.ok(editor.map.counts[NEW] > 9000);
  for (const [x, y] of [...square, square[0]]) editor.press({ x: x + 200, y }, { reach: 5 }), editor.lift();
  assert.equal(editor.pending, null, "closed at its first corner");
  editor.press({ x: 250, y: 50 }, { reach: 5, again: true });
  editor.lift();
  assert.equal(editor.pending, null);
});

test("what a second finger interrupts was nothing: marks of a preview and corners are as before", () => {
  const editor = editorWith("propagate");
  scribble(editor, { x: 200, y: 100 }, { x: 220, y: 110 });
  const before = editor.spread.region;
  editor.press({ x: 320, y: 100 });
  editor.drag({ x: 350, y: 120 });
  editor.abandon();
  assert.deepEqual(editor.spread.region, before);
  editor.take("polygon");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150]]) editor.press({ x, y }), editor.lift();
  editor.press({ x: 150, y: 150 }, { reach: 5 });
  editor.drag({ x: 180, y: 180 });
  editor.abandon();
  editor.press({ x: 50, y: 150 }, { reach: 5 });
  editor.abandon();
  editor.lift();
  assert.deepEqual(editor.polygon.corners.map(({ x, y }) => [x, y]), [[50, 50], [150, 50], [150, 150]]);
});

test("the live wire keeps to edges, and goes straight where there is none to keep to", () => {
  const segments = drawnSegments(WIDTH, HEIGHT);
  const wire = new LiveWire(segments);
  const [from, to] = [wire.snap({ x: 141, y: 30 }), wire.snap({ x: 139, y: 170 })];
  const way = wire.between(from, to);
  assert.ok(way.length >= 139);
  [from, ...way, to].reduce((a, b) => {
    assert.equal(Math.abs(a.x - b.x) + Math.abs(a.y - b.y), 1, "one pixel at a time");
    const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
    const sides = a.x === b.x ? [segments.superpixelAt(left - 1, top), segments.superpixelAt(left, top)] : [segments.superpixelAt(left, top - 1), segments.superpixelAt(left, top)];
    assert.notEqual(sides[0], sides[1], "between two superpixels");
    return b;
  });
  // Where stripes of looks meet an edge is cheapest: the way stays there.
  assert.ok(way.every(({ x }) => x >= 136 && x <= 146), `${way.map(({ x }) => x)}`);
  assert.deepEqual(wire.between({ x: 3.5, y: 3.5 }, to), []);
  assert.deepEqual(wire.between(wire.snap({ x: 5, y: 5 }), wire.snap({ x: 415, y: 5 })), []);
});

test("a polygon's corners are moved, put between others and taken away before it is closed", () => {
  const editor = editorWith("polygon");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150], [50, 150]]) editor.press({ x, y }), editor.lift();
  editor.press({ x: 151, y: 152 }, { reach: 5 });
  editor.drag({ x: 200, y: 200 });
  editor.lift();
  editor.press({ x: 100, y: 51 }, { reach: 6 });
  editor.drag({ x: 100, y: 20 });
  editor.lift();
  assert.deepEqual(editor.polygon.corners.map(({ x, y }) => [x, y]), [[50, 50], [100, 20], [150, 50], [200, 200], [50, 150]]);
  editor.press({ x: 51, y: 149 }, { erase: true, reach: 5 });
  assert.equal(editor.polygon.corners.length, 4);
  editor.press({ x: 50, y: 50 }, { reach: 5 }), editor.lift();
  assert.equal(editor.map.at(100, 40), NEW);
  assert.notEqual(editor.map.at(60, 140), NEW);
});

test("zoomed in, an edge pulls no farther than on the screen, and a corner can be set beside it", () => {
  const wire = new LiveWire(drawnSegments(WIDTH, HEIGHT));
  const inside = { x: 3.2, y: 3.1 };
  assert.notDeepEqual(wire.snap(inside), inside);
  wire.pullFrom(1.25);
  assert.deepEqual(wire.snap(inside), inside);
  wire.pullFrom(40);
  assert.notDeepEqual(wire.snap(inside), inside);
});

test("a polygon that follows edges fills to them, and subtracts as well", () => {
  const editor = editorWith("polygon");
  editor.snap(true);
  for (const [x, y] of [[141, 30], [281, 30], [279, 200], [139, 200]]) editor.press({ x, y }), editor.lift();
  assert.ok(editor.polygon.ring.length > 500);
  editor.closePolygon();
  const filled = editor.map.counts[NEW];
  assert.ok(Math.abs(filled - 140 * 170) < 0.03 * 140 * 170, `${filled}`);
  for (const [x, y] of [[160, 50], [260, 50], [260, 180], [160, 180]]) editor.press({ x, y }), editor.lift();
  editor.choose(UNLABELLED);
  editor.closePolygon();
  assert.ok(editor.map.counts[NEW] < filled / 2);
  while (editor.history.canUndo) editor.undo();
  assert.ok(same(editor.map.pixels, startMask(WIDTH, HEIGHT).pixels));
});

test("the long arms of a corner in the hand are straight until it is let go: each move would search both", () => {
  const editor = editorWith("polygon");
  editor.snap(true);
  for (const [x, y] of [[141, 30], [279, 100], [139, 230]]) editor.press({ x, y }), editor.lift();
  editor.press({ x: 279, y: 100 }, { reach: 15 });
  editor.drag({ x: 281, y: 130 });
  assert.equal(editor.polygon.line.length, 3);
  editor.lift();
  const { length } = editor.polygon.ring;
  assert.ok(length > 500);
  editor.press({ x: 281, y: 130 }, { reach: 15 });
  editor.closePolygon();
  assert.ok(editor.map.counts[NEW] > 5000);
});

test("recorded scribbles and wires give the same bytes", () => {
  const draw = () => {
    const editor = editorWith("propagate");
    const next = random(5);
    const anywhere = () => ({ x: next() * WIDTH, y: next() * HEIGHT });
    for (let i = 0; i < 25; i++) {
      editor.choose(Math.floor(next() * 19));
      editor.take("propagate");
      scribble(editor, anywhere(), anywhere());
      if (next() < 0.3) scribble(editor, anywhere(), anywhere(), { erase: true });
      editor.resize(next() < 0.5 ? 1 : -1);
      editor.accept();
      editor.take("polygon");
      editor.snap(next() < 0.7);
      for (let corner = 0; corner < 4; corner++) editor.press(anywhere()), editor.lift();
      editor.closePolygon();
    }
    return fingerprint(editor.map);
  };
  const first = draw();
  assert.equal(draw(), first);
  assert.equal(first, "f8be04479de4f0090c5e30471e5335ce6172f04b1b6f5f063dee5d56f6d372f4");
});

test("the fix queue goes from the most doubtful segment on, each once, and says how far it is", () => {
  const segments = drawnSegments(WIDTH, HEIGHT);
  const next = random(9);
  const doubt = Uint8Array.from({ length: WIDTH * HEIGHT }, () => next() * 256);
  const queue = new FixQueue(segments, doubt);
  const sum = (node) => {
    let total = 0;
    segments.eachRun(node, (y, from, to) => {
      for (let x = from; x < to; x++) total += doubt[y * WIDTH + x];
    });
    return total;
  };
  const seen = [];
  let progress = 0;
  for (let node = queue.next(); node >= 0; node = queue.done()) {
    if (seen.length) assert.ok(sum(node) <= sum(seen.at(-1)));
    assert.ok(queue.progress >= progress);
    progress = queue.progress;
    seen.push(node);
  }
  assert.equal(queue.progress, 1);
  assert.deepEqual(new Set(seen), new Set(segments.scales[SCALES.indexOf(500)]));
  assert.equal(seen.length, new Set(seen).size);
});

test("the fix queue asks neither what an earlier visit looked at nor what was drawn by hand since", () => {
  const segments = drawnSegments(WIDTH, HEIGHT);
  const looked = new Set();
  const before = new FixQueue(segments, new Uint8Array(WIDTH * HEIGHT).fill(9), looked);
  for (let i = 0; i < 10; i++) before.next(), before.done(), before.next();
  const share = before.progress;
  const byHand = new Set();
  const queue = new FixQueue(segments, new Uint8Array(WIDTH * HEIGHT).fill(9), new Set(looked), (node) => byHand.has(node));
  assert.equal(queue.progress, share);
  const first = queue.next();
  assert.ok(!looked.has(first));
  byHand.add(queue.nodes[queue.at + 1]);
  const next = queue.done();
  assert.ok(!byHand.has(next) && next >= 0);
  for (let node = next; node >= 0; node = queue.done()) assert.ok(!byHand.has(node) && !looked.has(node));
  assert.equal(queue.progress, 1);
});

test("a segment that was passed over comes again after the others", () => {
  const queue = new FixQueue(drawnSegments(WIDTH, HEIGHT), new Uint8Array(WIDTH * HEIGHT).fill(9));
  const passed = queue.next();
  queue.next();
  for (let left = queue.nodes.length - 1; left > 0; left--) queue.done();
  assert.equal(queue.node, passed);
});

test("back in the queue is where it was before, and what was corrected and undone is looked at again", () => {
  const queue = new FixQueue(drawnSegments(WIDTH, HEIGHT), new Uint8Array(WIDTH * HEIGHT).fill(9));
  const [first, second] = [queue.next(), queue.done()];
  const third = queue.next();
  assert.equal(queue.back(), second);
  assert.equal(queue.back(), first);
  assert.equal(queue.looked.size, 0);
  assert.deepEqual([queue.done(), queue.done()], [second, third]);
  queue.done();
  assert.equal(queue.goBackTo(1), second);
  assert.equal(queue.back(), third, "not to itself");
});
