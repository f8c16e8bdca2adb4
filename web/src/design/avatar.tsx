import type { ReactElement } from "react";

const HUES = 8;

function hueOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}

function initialsOf(name: string): string {
  const words = name.split(/[\s-]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words.slice(0, 1);
  return chosen.map((word) => [...(word ?? "")][0]?.toLocaleUpperCase() ?? "").join("");
}

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly shape?: "room";
  readonly size?: "small";
}

/** Decorative: the name always stands beside it. */
export function Avatar({ id, name, shape, size }: AvatarProps): ReactElement {
  return (
    <span className="avatar" data-hue={hueOf(id)} data-shape={shape} data-size={size} aria-hidden="true">
      {initialsOf(name) || "#"}
    </span>
  );
}
