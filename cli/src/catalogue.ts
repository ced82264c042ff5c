/** The library as this client has fetched it, once per version. */
import { LIMITS } from "@loge/protocol/brands";
import type { TitleInfo } from "@loge/protocol/control";
import { Refusal, type WireError } from "@loge/protocol/errors";
import type { Link } from "@loge/protocol/link";

export class Catalogue {
  #fetched: { readonly version: number; readonly titles: readonly TitleInfo[] } | undefined;
  #problem: WireError | undefined;

  /** The media server told of a version, and of what is wrong with the folder. */
  changed(version: number, problem: WireError | undefined): void {
    this.#problem = problem;
    if (this.#fetched?.version !== version) this.#fetched = undefined;
  }

  nameOf(title: string): string | undefined {
    return this.#fetched?.titles.find((known) => known.title === title)?.name;
  }

  /** All titles in the library's order. Throws LIBRARY_EMPTY, LIBRARY_MISSING, LINK_LOST, TIMEOUT. */
  async titles(link: Pick<Link, "page">): Promise<readonly TitleInfo[]> {
    if (this.#fetched) return this.#fetched.titles;
    let titles: TitleInfo[] = [];
    let version: number | undefined;
    for (;;) {
      const page = await link.page(titles.length, LIMITS.bulkPageTitles);
      // pages of two versions do not fit together
      if (version !== undefined && page.version !== version) titles = [];
      else titles.push(...page.titles);
      version = page.version;
      if (titles.length >= page.total || page.titles.length === 0) break;
    }
    if (titles.length === 0) throw new Refusal(this.#problem?.code ?? "LIBRARY_EMPTY", this.#problem?.detail);
    this.#fetched = { version, titles };
    return titles;
  }
}
