import assert from "node:assert/strict";
import { test } from "node:test";

import { FAREWELL, Server, bitmap } from "../../static/annotate/store/server.js";
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
const slip = { id: "a.0", work };

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
  for (const read of [server.mask(3), server.history(), server.segments(), bitmap("/frames/1/image")]) await assert.rejects(read);
  await server.renewLease();
  assert.equal((await server.saveTiles(new Uint8Array(), slip, 3)).kind, "unreachable");
  for (const { arguments: [url, request] } of sent.calls) assert.ok(ends(request), url);
  assert.equal(sent.calls.length, 6);
});

test("a small save outlives its page; a large one, which may not, has the time that a poor line takes for it", async (context) => {
  const { server, sent } = answering(context, new Response(null, { status: 503 }));
  const { mock } = context.mock.method(AbortSignal, "timeout");
  for (const length of [FAREWELL - 1, FAREWELL, 1_000_001]) await server.saveTiles(new Uint8Array(length), slip, 3);
  assert.deepEqual(sent.calls.map(({ arguments: [, { keepalive }] }) => keepalive), [true, false, false]);
  const [small, , large] = mock.calls.map(({ arguments: [ms] }) => ms);
  assert.ok(small < 30_000 && large > 100_000, `${small} ${large}`);
});

test("a server in trouble that says so is heard; what says nothing for people is no answer", async (context) => {
  const heard = async (body, type) => {
    const { server } = answering(context, new Response(body, { status: 500, headers: { "content-type": type } }));
    const outcome = await server.saveTiles(new Uint8Array(), slip, 3);
    context.mock.restoreAll();
    return outcome;
  };
  const full = "There is no room on the disk. Nothing is lost.";
  assert.deepEqual(await heard(full, "text/plain; charset=utf-8"), { kind: "unreachable", message: full });
  assert.deepEqual(await heard(JSON.stringify({ message: full }), "application/json"), { kind: "unreachable", message: full });
  for (const [body, type] of [["<h1>Bad gateway.</h1>", "text/html"], ["upstream request timeout", "text/plain"], ["{}", "application/json"], [null, ""]]) {
    assert.deepEqual(await heard(body, type), { kind: "unreachable", message: "The server does not answer (status 500)." });
  }
});

test("who is signed out is told so, not a number", async (context) => {
  const { server } = answering(context, new Response("<h1>Sign in first</h1>", { status: 401 }));
  assert.deepEqual(await server.submit(3, work), { problem: SIGNED_OUT });
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
