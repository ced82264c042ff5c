/** Fetches the library page by page whenever the media server says it changed; the newest version wins. */
import { LIMITS } from "@loge/protocol/brands";
import type { LibraryPage, TitleInfo } from "@loge/protocol/control";

const AGAIN_MS = 1500;

export interface LibraryLoader {
  /** A version was announced. */
  load(): void;
  close(): void;
}

export function createLibraryLoader(
  page: (offset: number, limit: number) => Promise<LibraryPage>,
  onTitles: (version: number, titles: readonly TitleInfo[]) => void,
): LibraryLoader {
  let run = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const load = async (mine: number): Promise<void> => {
    const titles: TitleInfo[] = [];
    let first: LibraryPage | undefined;
    do {
      const next = await page(titles.length, LIMITS.bulkPageTitles);
      if (mine !== run) return;
      first ??= next;
      // a library that changed in between announces itself, and that announcement starts another run
      if (next.version !== first.version || next.titles.length === 0) break;
      titles.push(...next.titles);
    } while (titles.length < first.total);
    onTitles(first.version, titles);
  };
  const start = (): void => {
    clearTimeout(timer);
    const mine = ++run;
    load(mine).catch(() => {
      if (mine === run) timer = setTimeout(start, AGAIN_MS);
    });
  };
  return {
    load: start,
    close: () => {
      run++;
      clearTimeout(timer);
    },
  };
}
