// @ts-check
/** Regions of a frame: pixels of one value, joined by their sides. */

/**
 * @param {number} width
 * @param {number} count pixels of the frame
 * @param {(at: number) => number} valueOf -1 where a pixel is of no region
 * @param {(value: number, pixels: Int32Array) => void} visit each region, in the order of their first pixels; `pixels` are the next one's afterwards
 */
export function eachRegion(width, count, valueOf, visit) {
  const values = Int16Array.from({ length: count }, (_, at) => valueOf(at));
  const queue = new Int32Array(count);
  for (let start = 0; start < count; start++) {
    const value = values[start];
    if (value < 0) continue;
    let end = 0;
    /** @param {number} at */
    const take = (at) => {
      if (values[at] !== value) return;
      values[at] = -1;
      queue[end++] = at;
    };
    take(start);
    for (let next = 0; next < end; next++) {
      const at = queue[next];
      if (at % width) take(at - 1);
      if ((at + 1) % width) take(at + 1);
      if (at >= width) take(at - width);
      if (at + width < count) take(at + width);
    }
    visit(value, queue.subarray(0, end));
  }
}
