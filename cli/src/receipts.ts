/** Messages that somebody has not acknowledged yet; the client waits a moment for them before it leaves. */
export class Receipts {
  readonly #waiting = new Map<string, Set<string>>();
  /** A receipt may overtake the answer of the relay. */
  readonly #early = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  sent(mid: string, to: readonly string[]): void {
    const early = this.#early.get(mid);
    this.#early.delete(mid);
    const left = new Set(to.filter((sid) => !early?.has(sid)));
    if (left.size > 0) this.#waiting.set(mid, left);
  }

  arrived(mid: string, from: string): void {
    const left = this.#waiting.get(mid);
    if (!left) {
      const early = this.#early.get(mid) ?? new Set();
      this.#early.set(mid, early.add(from));
      const [oldest] = this.#early.keys();
      if (this.#early.size > 64 && oldest !== undefined) this.#early.delete(oldest);
      return;
    }
    left.delete(from);
    if (left.size === 0) this.#waiting.delete(mid);
  }

  /** Who has left will acknowledge nothing. */
  present(isHere: (sid: string) => boolean): void {
    for (const [mid, left] of this.#waiting) {
      for (const sid of left) if (!isHere(sid)) left.delete(sid);
      if (left.size === 0) this.#waiting.delete(mid);
    }
  }
}
