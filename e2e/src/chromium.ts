/** Where Chromium is: CHROMIUM_PATH, else the usual names on the PATH. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Throws one sentence with the remedy. */
export async function findChromium(): Promise<string> {
  const asked = process.env["CHROMIUM_PATH"];
  const candidates = asked
    ? [asked]
    : (process.env["PATH"] ?? "").split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  for (const path of candidates) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error("No Chromium was found; install Debian's chromium or set CHROMIUM_PATH.");
}
