// Every relative link of every Markdown file leads somewhere, and PROTOCOL.md lists exactly the error codes of the code.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./lib.mjs";

const withoutCode = (text) => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "");

/** GitHub's anchor of a heading. */
export function anchorOf(heading) {
  const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
  return plain
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replace(/ /g, "-");
}

const anchorsOf = (text) => {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  return new Set([...prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map((match) => anchorOf(match[1])));
};

/** Sentences about links that lead nowhere. `files` are paths relative to `dir`. */
export function brokenLinks(dir, files) {
  const problems = [];
  for (const file of files) {
    const text = readFileSync(join(dir, file), "utf8");
    const links = [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|<img[^>]+src="([^"]+)"/g)];
    for (const link of links) {
      const target = link[1] || link[2];
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [path, anchor] = target.split("#");
      const full = path ? join(dir, dirname(file), decodeURIComponent(path)) : join(dir, file);
      if (!existsSync(full)) problems.push(`${file}: ${target} does not exist`);
      else if (anchor && full.endsWith(".md") && !anchorsOf(readFileSync(full, "utf8")).has(anchor)) {
        problems.push(`${file}: ${target} has no such heading`);
      }
    }
  }
  return problems;
}

/** Codes that PROTOCOL.md documents: first cells of the table rows below the heading that names error codes. */
export function documentedCodes(text) {
  const section = /^(#{2,4}) [^\n]*\berrors?\b[^\n]*\n([\s\S]*?)(?=^#{1,4} |$(?![\s\S]))/im.exec(text);
  if (section === null) return undefined;
  return [...section[2].matchAll(/^\|\s*`([A-Z][A-Z0-9_]*)`/gm)].map((match) => match[1]);
}

/** Sentences about codes that only one of the two sides knows. */
export function codeProblems(inCode, text) {
  const documented = documentedCodes(text);
  if (documented === undefined) return ["PROTOCOL.md has no heading with the word “Errors”"];
  const known = new Set(inCode);
  const written = new Set(documented);
  return [
    ...inCode.filter((code) => !written.has(code)).map((code) => `PROTOCOL.md does not document ${code}`),
    ...documented
      .filter((code) => !known.has(code))
      .map((code) => `PROTOCOL.md documents ${code}, which does not exist`),
    ...documented
      .filter((code, i) => documented.indexOf(code) !== i)
      .map((code) => `PROTOCOL.md lists ${code} twice`),
  ];
}

async function main() {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--", "*.md"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = listed.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
  const problems = brokenLinks(root, files);
  const { ERROR_CODES } = await import(pathToFileURL(join(root, "protocol/src/errors.ts")).href);
  const protocol = join(root, "PROTOCOL.md");
  const text = existsSync(protocol) ? readFileSync(protocol, "utf8") : "";
  problems.push(...codeProblems([...ERROR_CODES], text));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    `${files.length} Markdown files, ${ERROR_CODES.length} error codes, ${problems.length} problems\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
