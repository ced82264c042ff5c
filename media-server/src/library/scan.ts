// Finds the video files of a folder. Nothing outside it, nothing hidden, regular files only.

import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { VIDEO_EXTENSIONS } from "../encode/formats.ts";
import { naturalOrder } from "./names.ts";

export interface FoundFile {
  /** Relative to the library, "/" between parts. */
  readonly relativePath: string;
  /** Absolute, symlinks resolved. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

const MAX_DEPTH = 16;
const MAX_FILES = 20_000;

/** True when `path` is `root` or lies below it. Both absolute and resolved. */
export const isUnder = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const inside = async (root: string, path: string): Promise<{ real: string; info: Stats } | undefined> => {
  try {
    const real = await realpath(path);
    return isUnder(root, real) ? { real, info: await stat(real) } : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Lists the files in natural order of their relative path.
 * @throws the file system's error when the folder itself is missing or cannot be read.
 */
export const scanFolder = async (folder: string): Promise<FoundFile[]> => {
  const root = await realpath(folder);
  const found: FoundFile[] = [];
  const seenFolders = new Set<string>();
  const visit = async (path: string, depth: number, isRoot: boolean): Promise<void> => {
    const real = await realpath(path);
    if (seenFolders.has(real) || depth > MAX_DEPTH) return;
    seenFolders.add(real);
    const listed = readdir(path, { withFileTypes: true });
    const entries: Dirent[] = isRoot ? await listed : await listed.catch(() => []);
    for (const entry of entries.toSorted((a, b) => naturalOrder(a.name, b.name))) {
      if (entry.name.startsWith(".") || found.length >= MAX_FILES) continue;
      const at = join(path, entry.name);
      const known = await inside(root, at);
      if (known === undefined) continue;
      if (known.info.isDirectory()) await visit(at, depth + 1, false);
      if (!known.info.isFile() || !VIDEO_EXTENSIONS.has(extname(entry.name).slice(1).toLowerCase())) continue;
      const relativePath = relative(root, at).split(sep).join("/");
      found.push({ relativePath, file: known.real, sizeBytes: known.info.size, mtimeMs: known.info.mtimeMs });
    }
  };
  await visit(root, 0, true);
  return found.toSorted((a, b) => naturalOrder(a.relativePath, b.relativePath));
};
