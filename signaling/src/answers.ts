/** The few pages that signaling itself says, where the real one cannot be shown. */

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

function document(title: string, lines: readonly string[]): string {
  const body = lines.map((line) => `<p>${line}</p>`).join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}
code{background:#8883;padding:.1em .3em;border-radius:.2em}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body></html>`;
}

/** Plain http from another machine: browsers give such a page no encryption, so Loge does not start there. */
export const insecureHtml = (): string =>
  document("Loge needs a secure connection", [
    "This page was opened by plain http from another machine. Browsers give such pages no encryption, and Loge sends nothing unencrypted.",
    "What the host can do: start with <code>npm start -- --lan</code> (or <code>--https</code>), or put a proxy with a certificate in front and start with <code>--behind-proxy https://your.name</code>.",
    "On the host's own machine <code>http://localhost</code> works as it is.",
  ]);

export const notBuiltHtml = (): string =>
  document("The page is not built yet", [
    "Signaling runs, but there is no page in <code>web/out</code>.",
    "Start everything with <code>npm start</code>, which builds it.",
  ]);

export const notFoundHtml = (): string =>
  document("Nothing here", [
    'There is no such page. Open the link that the host sent, or go to the <a href="/">start</a>.',
  ]);

export const unknownHostHtml = (): string =>
  document("Unknown address", [
    "This server does not know itself by the name under which you opened it.",
    "If the name is right, the host starts with <code>--public-url</code> naming it.",
  ]);
