/** Comparing what is typed with names: case and accents do not count. */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether every word of the term is somewhere in the text. An empty term matches all. */
export function matchesAll(text: string, term: string): boolean {
  const folded = fold(text);
  const words = fold(term).split(/\s+/u).filter(Boolean);
  return words.every((word) => folded.includes(word));
}
