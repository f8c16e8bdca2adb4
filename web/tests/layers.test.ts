/** The arrows of the house: imports point down, and never round in a circle. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");
const ENDINGS = ["", ".ts", ".tsx", "/index.ts", "/index.tsx"];

/** What each folder may import besides itself; the files at the root of src/ put everything together. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  ".": ["views", "view-models", "platform", "i18n"],
  views: ["view-models", "design", "platform", "i18n"],
  "view-models": ["matrix", "i18n"],
  platform: ["i18n"],
  matrix: [],
  design: [],
  i18n: [],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/u.test(name));

function specifiersOf(file: string): string[] {
  const source = readFileSync(join(SRC, file), "utf8");
  return [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/gu)].map((match) => match[1] ?? "");
}

/** The file of src/ that a relative import names, or null for a style sheet. */
function targetOf(file: string, specifier: string): string | null {
  const path = relative(SRC, resolve(SRC, dirname(file), specifier));
  return ENDINGS.map((ending) => path + ending).find((name) => files.includes(name)) ?? null;
}

const imports: Import[] = files.flatMap((from) =>
  specifiersOf(from)
    .filter((specifier) => specifier.startsWith("."))
    .flatMap((specifier) => targetOf(from, specifier) ?? [])
    .map((to) => ({ from, to })),
);

function folderOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? ".") : ".";
}

/** The first circle met on the way down from `file`, as the files it passes through. */
function findCycle(edges: readonly Import[], file: string, path: readonly string[], done: Set<string>): string[] | null {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (done.has(file)) return null;
  for (const { to } of edges.filter(({ from }) => from === file)) {
    const cycle = findCycle(edges, to, [...path, file], done);
    if (cycle !== null) return cycle;
  }
  done.add(file);
  return null;
}

function cyclesIn(edges: readonly Import[]): string[] {
  const done = new Set<string>();
  return [...new Set(edges.map(({ from }) => from))].flatMap((file) => findCycle(edges, file, [], done)?.join(" > ") ?? []);
}

describe("the arrows of the house", () => {
  test("the reader of imports sees the whole house", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports).toContainEqual({ from: "main.tsx", to: "views/app.tsx" });
    expect(imports).toContainEqual({ from: "views/message.tsx", to: "views/props.ts" });
  });

  test("a circle is found when there is one", () => {
    const edges = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "c", to: "a" },
    ];
    expect(cyclesIn(edges)).toContain("a > b > c > a");
  });

  test("no file imports itself through others", () => {
    expect(cyclesIn(imports)).toEqual([]);
  });

  test("every folder imports only what stands below it", () => {
    const up = imports.filter(({ from, to }) => {
      const [mine, theirs] = [folderOf(from), folderOf(to)];
      return mine !== theirs && !(MAY_IMPORT[mine] ?? []).includes(theirs);
    });
    expect(up.map(({ from, to }) => `${from} > ${to}`)).toEqual([]);
  });

  test("only matrix/ imports the SDK", () => {
    const users = files.filter((file) => specifiersOf(file).some((name) => name.split("/")[0] === "matrix-js-sdk"));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter((file) => folderOf(file) !== "matrix")).toEqual([]);
  });
});
