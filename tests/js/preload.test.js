// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const STATIC = new URL("../../static/annotate/", import.meta.url);

/** Every module that a browser fetches for `page.js`. */
function imported() {
  const seen = new Set(["page.js"]);
  for (const name of seen) {
    const module = new URL(name, STATIC);
    for (const [, path] of readFileSync(module, "utf8").matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)";$/gm)) {
      seen.add(new URL(path, module).href.slice(STATIC.href.length));
    }
  }
  return [...seen].sort();
}

test("the page asks for all of its modules at once, and for no other", () => {
  const page = readFileSync(new URL("../../templates/annotate.html", import.meta.url), "utf8");
  const [, list] = page.match(/\{% for module in (\[[^\]]*\]) %\}/) ?? [];
  const listed = JSON.parse(list);
  assert.deepEqual([...listed].sort(), imported());
});
