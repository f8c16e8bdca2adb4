/** Finds the web addresses of a text, so that they can be followed; nothing else becomes a link. */
export interface Piece {
  readonly text: string;
  readonly href: string | null;
}

const ADDRESS = /https?:\/\/[^\s<>"']+/giu;
const TRAILING = /[.,;:!?)\]}»”]+$/u;

export function toPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const href = found[0].replace(TRAILING, "");
    if (found.index > from) pieces.push({ text: text.slice(from, found.index), href: null });
    pieces.push({ text: href, href });
    from = found.index + href.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}

/** A place of this application: it opens here, where Tchap already is, and not in a tab that would take its place. */
export function isInside(href: string, origin: string): boolean {
  return href.startsWith(`${origin}/#/`);
}
