import assert from "node:assert/strict";
import { test } from "node:test";

import { Light } from "../../static/annotate/light.js";
import { Preview } from "../../static/annotate/preview.js";

test("a look at a mask of a night frame is lit as the frame is, its labels are not", (context) => {
  const drawn = [];
  const draws = () => ({ filter: "none", fillRect() {}, putImageData() {}, drawImage(what) { drawn.push([what, this.filter]); } });
  const labels = { getContext: draws };
  globalThis.OffscreenCanvas = function () { return labels; };
  globalThis.ImageData = function (width, height) { this.data = new Uint8ClampedArray(width * height * 4); };
  context.after(() => {
    delete globalThis.OffscreenCanvas;
    delete globalThis.ImageData;
  });
  const light = new Light();
  const preview = new Preview("picture", [], light);
  light.set("brightness", 300);
  preview.paint({ width: 4, height: 2, getContext: draws }, { width: 4, height: 2, pixels: new Uint8Array(8) });
  assert.deepEqual(drawn, [["picture", "brightness(300%) contrast(100%)"], [labels, "none"]]);
});
