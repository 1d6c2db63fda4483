/** What differs between two texts, line by line. Pure. */

/** @typedef {{ sign: " " | "−" | "+", text: string }} Line */
/** @typedef {Line | { left: number }} Row `left`: so many lines that are the same are left out here */

/** Cells of the table that the longest common part is found in: beyond it, all old lines go and all new ones come. */
const MOST = 4_000_000;

/**
 * @param {string} before
 * @param {string} after
 * @returns {Line[]}
 */
export function lineDifference(before, after) {
  const [olds, news] = [before.split("\n"), after.split("\n")];
  let [head, tail] = [0, 0];
  const shorter = Math.min(olds.length, news.length);
  while (head < shorter && olds[head] === news[head]) head++;
  while (tail < shorter - head && olds[olds.length - 1 - tail] === news[news.length - 1 - tail]) tail++;
  return [
    ...olds.slice(0, head).map(same),
    ...between(olds.slice(head, olds.length - tail), news.slice(head, news.length - tail)),
    ...olds.slice(olds.length - tail).map(same),
  ];
}

/**
 * @param {Line[]} lines
 * @param {number} [around] how many lines that are the same stay beside each that is not
 * @returns {Row[]}
 */
export function folded(lines, around = 3) {
  const near = lines.map(() => false);
  lines.forEach((line, at) => {
    if (line.sign !== " ") near.fill(true, Math.max(0, at - around), at + around + 1);
  });
  /** @type {Row[]} */
  const rows = [];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && !near[end]) end++;
    if (end - at > 1) rows.push({ left: end - at });
    else rows.push(...lines.slice(at, end));
    for (at = end; at < lines.length && near[at]; at++) rows.push(lines[at]);
  }
  return rows;
}

/**
 * @param {string[]} olds
 * @param {string[]} news
 * @returns {Line[]}
 */
function between(olds, news) {
  if (olds.length * news.length > MOST) return [...olds.map(gone), ...news.map(come)];
  const width = news.length + 1;
  const common = new Uint32Array((olds.length + 1) * width); // of what follows from here on
  for (let i = olds.length - 1; i >= 0; i--)
    for (let j = news.length - 1; j >= 0; j--)
      common[i * width + j] =
        olds[i] === news[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  /** @type {Line[]} */
  const lines = [];
  let [i, j] = [0, 0];
  while (i < olds.length || j < news.length) {
    if (i < olds.length && j < news.length && olds[i] === news[j]) lines.push(same(olds[i++], j++));
    else if (j >= news.length || (i < olds.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) lines.push(gone(olds[i++]));
    else lines.push(come(news[j++]));
  }
  return lines;
}

/** @type {(text: string, at?: number) => Line} */
const same = (text) => ({ sign: " ", text });
/** @type {(text: string) => Line} */
const gone = (text) => ({ sign: "−", text });
/** @type {(text: string) => Line} */
const come = (text) => ({ sign: "+", text });
