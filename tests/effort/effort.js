// @ts-check
/**
 * What a frame costs: actions of a scripted annotator against vertices of simplified polygons.
 *
 *     node tests/effort/effort.js PRELABEL_JOB LABELS [--code target] [--frames 1,2] [--goals 96,98] [--runs everything,...]
 *
 * PRELABEL_JOB: the folder of a finished pre-label job. LABELS: a folder with the `_labelIds.png` of each of its frames,
 * and the `_polygons.json` where there are some. `--code`: how the spec reads these ids. Prints JSON.
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap } from "../../static/annotate/label_map.js";
import { Segments } from "../../static/annotate/segments.js";
import { annotate } from "./annotator.js";
import { LABEL_IDS } from "./label_ids.js";
import { readGray } from "./png.js";
import { fewestVertices, readPolygons } from "./polygons.js";
import { Score } from "./score.js";
import { Truth } from "./truth.js";

const HAND = ["brush", "polygon", "fill"];
/** What each run may use. @type {Record<string, string[]>} */
const RUNS = {
  everything: ["segment", "propagate", ...HAND],
  "without propagate": ["segment", ...HAND],
  "without segments": ["propagate", ...HAND],
  "brush only": ["brush"],
};

const [job, labels, ...options] = process.argv.slice(2);
const option = (/** @type {string} */ name, /** @type {string} */ otherwise) => {
  const at = options.indexOf(`--${name}`);
  return at < 0 ? otherwise : options[at + 1];
};
if (!job || !labels || !existsSync(join(job, "spec.json")) || !existsSync(labels)) {
  console.error("node tests/effort/effort.js PRELABEL_JOB LABELS: give the folder of a finished pre-label job and that of the labels of its frames");
  process.exit(1);
}
const spec = JSON.parse(readFileSync(join(job, "spec.json"), "utf8"));
// What reads the labels: a demo's target has a table of its own, elsewhere the validation frames' does.
const table = option("code", "target" in spec.codes ? "target" : "val");
if (!(table in spec.codes)) {
  console.error(`The job knows no table ${table} of label ids: give --code one of ${Object.keys(spec.codes).join(", ")}`);
  process.exit(1);
}
const code = spec.codes[table].classes;
const classOf = (/** @type {number} */ id) => code[id] ?? 255;
const wanted = option("frames", "").split(",").filter(Boolean).map(Number);
const goals = option("goals", "96,98").split(",").map((percent) => Number(percent) / 100);
const runs = option("runs", Object.keys(RUNS).join()).split(",");

for (const { frame, mask, segments } of JSON.parse(readFileSync(join(job, "out", "proposals.json"), "utf8"))) {
  if (wanted.length && !wanted.includes(frame)) continue;
  const { image } = spec.task.frames.find((/** @type {any} */ one) => one.id === frame);
  const label = join(labels, basename(image).replace("leftImg8bit.png", "gtFine_labelIds.png"));
  const start = readGray(join(job, "out", mask));
  const cut = Segments.parse(gunzipSync(readFileSync(join(job, "out", segments))).buffer);
  const truth = new Truth(start.width, start.height, readGray(label).pixels.map(classOf), spec.classes.length);
  const result = { frame: basename(image), start: shares(truth, start.pixels), runs: {}, polygons: {} };
  for (const run of runs.filter((run) => run in RUNS)) {
    const began = Date.now();
    const editor = new Editor(new LabelMap(start.width, start.height, start.pixels.slice()), { classes: truth.classes });
    editor.segments = cut;
    const reached = annotate(editor, new Score(editor.map, truth, cut), RUNS[run], goals);
    result.runs[run] = reached.map((one) => ({ ...one, iou: round(one.iou) }));
    process.stderr.write(`${basename(image)} ${run}: ${reached.map(({ actions, places }) => `${actions} (${places})`)} in ${(Date.now() - began) / 1000} s ${JSON.stringify(reached.at(-1)?.byTool)}\n`);
  }
  if (runs.includes("polygons")) {
    const outlines = readPolygons(label.replace("labelIds.png", "polygons.json"));
    const named = (/** @type {string} */ name) => classOf(LABEL_IDS[name] ?? LABEL_IDS[name.replace(/group$/, "")]);
    result.polygons = goals.map((goal) => ({ goal, ...fewestVertices(outlines, named, truth, goal) }));
    process.stderr.write(`${basename(image)} polygons ${JSON.stringify(result.polygons)}\n`);
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** @param {Truth} truth @param {Uint8Array} pixels */
function shares(truth, pixels) {
  return { agreement: round(truth.agreement(pixels)), iou: round(truth.meanIou(pixels)) };
}

/** @param {number} share */
function round(share) {
  return Math.round(share * 10_000) / 10_000;
}
