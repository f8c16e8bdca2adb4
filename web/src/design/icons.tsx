/** Line icons drawn for this project, 24 by 24. Always beside a text or on a labelled button. */
import type { ReactElement } from "react";

const PATHS = {
  send: "M4 12 20 4l-4 16-4-7-8-1z M12 13l8-9",
  attach: "M20 11.5 12.3 19a5 5 0 0 1-7-7L13 4.4a3.3 3.3 0 0 1 4.7 4.7l-7.6 7.4a1.6 1.6 0 0 1-2.3-2.3L14.5 8",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14z M20 20l-4-4",
  plus: "M12 5v14 M5 12h14",
  close: "M6 6l12 12 M18 6 6 18",
  back: "M14 6l-6 6 6 6",
  down: "M12 5v14 M6 13l6 6 6-6",
  settings:
    "M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z M12 3v3 M12 18v3 M3 12h3 M18 12h3 M5.6 5.6l2.2 2.2 M16.2 16.2l2.2 2.2 M5.6 18.4l2.2-2.2 M16.2 7.8l2.2-2.2",
  people: "M9 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z M2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6 M16 5.4a3.4 3.4 0 0 1 0 6.2 M18 14.4c2 .8 3.3 2.7 3.5 5.6",
  lock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 6.6-1.6",
  public: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z M3.5 12h17 M12 3.5c5 5.500 5 11.500 0 17 M12 3.500c-5 5.500-5 11.500 0 17",
  outside: "M14 4h6v6 M20 4l-9 9 M18 13v7H4V6h7",
  reply: "M9 6 4 11l5 5 M4 11h9c4 0 6 2.500 7 7",
  smile: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17z M8.500 14c1.800 2.600 5.200 2.600 7 0 M9 9.500v.5 M15 9.500v.5",
  more: "M5.500 12h.01 M12 12h.01 M18.500 12h.01",
  edit: "M4 20l1-4.500L16 4.500 19.500 8 8.500 19z M14 6.500 17.500 10",
  flag: "M6 21V4 M6 4.500c4-2 7 2 12 0v9c-5 2-8-2-12 0",
  trash: "M5 7h14 M10 4h4 M7 7l1 13h8l1-13",
  copy: "M9 9h11v11H9z M15 9V4H4v11h5",
  file: "M6 3h8l5 5v13H6z M14 3v5h5",
  check: "M5 12.500 10 17.500 19.500 7",
  checks: "M2.500 12.500 7 17 15 8 M11 15.500 12.500 17 21 8",
  warning: "M12 4 21 20H3z M12 10v4.500 M12 17v.3",
  info: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17z M12 11v5.500 M12 7.500v.3",
  offline: "M4 4l16 16 M2.500 9.500a14 14 0 0 1 5-3 M21.500 9.500a14 14 0 0 0-9.500-3.800 M6 13a9 9 0 0 1 5-2.500 M9.500 16.500a4 4 0 0 1 5 0 M12 20v.2",
  clock: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17z M12 7.500V12l3 2",
  eye: "M2.500 12C5 7.500 8.200 5.500 12 5.500s7 2 9.500 6.500c-2.500 4.500-5.700 6.500-9.500 6.500S5 16.500 2.500 12z M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  chat: "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
  device: "M4 5h16v11H4z M9 20h6 M12 16v4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size }: { readonly name: IconName; readonly size?: "small" }): ReactElement {
  return (
    <svg className="icon" data-size={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth={size === "small" ? 2.2 : 1.8}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
