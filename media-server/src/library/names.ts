// What a title is called. Pure.

import { createHash } from "node:crypto";
import { basename, dirname, extname } from "node:path/posix";

const ID_LENGTH = 22;

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("base64url").slice(0, ID_LENGTH);

/** Opaque id of a path relative to the library ("/" between parts): the same after a restart. */
export const titleId = (relativePath: string): string => digest(relativePath);

/** Changes whenever the content may have changed. */
export const fingerprintOf = (relativePath: string, sizeBytes: number, mtimeMs: number): string =>
  digest(`${relativePath}\0${sizeBytes}\0${mtimeMs}`);

/** Characters that could hide or reorder text (controls, bidi marks) become spaces; runs of space become one. */
const presentable = (text: string): string =>
  text
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
/** "Part 2" before "Part 10"; equal texts by code unit, so that the order never wavers. */
export const naturalOrder = (a: string, b: string): number =>
  collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

/** Folder of a relative path, "" at the root. */
export const folderOf = (relativePath: string): string => {
  const folder = dirname(relativePath);
  return folder === "." ? "" : folder;
};

const withFolder = (name: string, folder: string): string =>
  folder === "" ? name : `${name} (${presentable(folder)})`;

const counted = (names: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

/**
 * Names for all files of a library, by relative path: file name without extension; with its folder where two are
 * equal; with its extension where that does not tell them apart either.
 */
export const nameTitles = (relativePaths: readonly string[]): Map<string, string> => {
  const files = relativePaths.map((path) => ({
    path,
    folder: folderOf(path),
    stem: presentable(basename(path, extname(path))) || "untitled",
    full: presentable(basename(path)),
  }));
  const stems = counted(files.map((file) => file.stem));
  const once = files.map((file) =>
    (stems.get(file.stem) ?? 0) > 1 ? withFolder(file.stem, file.folder) : file.stem,
  );
  const twice = counted(once);
  return new Map(
    files.map((file, i) => {
      const name = once[i] ?? file.stem;
      return [file.path, (twice.get(name) ?? 0) > 1 ? withFolder(file.full, file.folder) : name];
    }),
  );
};
