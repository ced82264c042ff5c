/** Waiting until something holds, looked at again after every change. */
export class Changes {
  readonly #looks = new Set<() => void>();

  notify(): void {
    for (const look of [...this.#looks]) look();
  }

  /** True as soon as `ready` is, false when it was not in time. */
  async until(ready: () => boolean, timeoutMs: number): Promise<boolean> {
    if (ready()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = (): void => {
      if (ready()) resolve(true);
    };
    const timer = setTimeout(() => resolve(false), timeoutMs);
    this.#looks.add(look);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#looks.delete(look);
    }
  }
}
