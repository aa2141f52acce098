import assert from "node:assert/strict";
import { test } from "node:test";

import { Server } from "../../static/annotate/store/server.js";
import { SIGNED_OUT } from "../../static/annotate/store/sync.js";

/** A server that answers so. */
function answering(context, answer) {
  const sent = context.mock.method(globalThis, "fetch", async () => answer).mock;
  return { server: new Server("/frames/1", { width: 4, height: 2, person: 7 }), sent };
}

/** Tells which requests end by themselves. */
function ending(context) {
  const { mock } = context.mock.method(AbortSignal, "timeout");
  /** @param {RequestInit | undefined} request */
  return (request) => mock.calls.some(({ result, arguments: [ms] }) => result === request?.signal && Number.isFinite(ms));
}

const work = { seconds: 300, actions: {} };

test("a submission takes the work along, has an end, and hears where to go on", async (context) => {
  const { server, sent } = answering(context, Response.json({ next: "/frames/2/annotate" }));
  const ends = ending(context);
  assert.deepEqual(await server.submit(3, work, { findings: ["fog"], word: "it is fog" }), { next: "/frames/2/annotate" });
  const [url, request] = sent.calls[0].arguments;
  const { headers, body } = request;
  assert.deepEqual([url, headers["if-match"], JSON.parse(body)], ["/frames/1/submit", '"3"', { work, findings: ["fog"], word: "it is fog" }]);
  assert.equal(headers["windlass-person"], "7");
  assert.ok(ends(request));
});

test("a read and a save that never end end: all saving would wait for them", async (context) => {
  const { server, sent } = answering(context, new Response(null, { status: 503 }));
  const ends = ending(context);
  await assert.rejects(server.mask(3));
  await assert.rejects(server.history());
  assert.equal((await server.saveTiles(new Uint8Array(), { id: "a.0", work }, 3)).kind, "unreachable");
  for (const { arguments: [url, request] } of sent.calls) assert.ok(ends(request), url);
  assert.equal(sent.calls.length, 3);
});

test("who is signed out is told so, not a number", async (context) => {
  const { server } = answering(context, new Response("<h1>Sign in first</h1>", { status: 401 }));
  assert.deepEqual(await server.submit(3, work), { problem: SIGNED_OUT });
  const slip = { id: "a.0", work };
  assert.deepEqual(await server.saveTiles(new Uint8Array(), slip, 3), { kind: "signed_out" });
});

test("a sign of life keeps the frame whether its answer has a body or not, and hears who else has it", async (context) => {
  for (const answer of [new Response(null, { status: 204 }), Response.json({ until: 5 })]) {
    assert.deepEqual(await answering(context, answer).server.renewLease(), { kind: "held" });
    context.mock.restoreAll();
  }
  const taken = Response.json({ message: "Bea works on this frame now." }, { status: 423 });
  assert.deepEqual(await answering(context, taken).server.renewLease(), { kind: "taken", message: "Bea works on this frame now." });
});
