import { strings } from "../src/strings.ts";

/** Next's own page would need inline styles, which the server's policy refuses. */
export default function NotFound() {
  const t = strings("en");
  return (
    <main className="house">
      <section className="ticket">
        <h1 className="wordmark">{t.product}</h1>
        <p>{t.notFound}</p>
      </section>
    </main>
  );
}
