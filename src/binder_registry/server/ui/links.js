/** Addresses in what people write. Pure. */

const LINK = /https?:\/\/[^\s<>"')\]]+/g;
const BEHIND = /[.,;:!?…]+$/; // belongs to the sentence

/**
 * @param {string} text
 * @returns {{ text: string, address: boolean }[]} http and https only
 */
export function pieces(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(BEHIND, "");
    found.push({ text: text.slice(at, match.index), address: false }, { text: address, address: true });
    at = match.index + address.length;
  }
  return [...found, { text: text.slice(at), address: false }].filter((piece) => piece.text);
}
