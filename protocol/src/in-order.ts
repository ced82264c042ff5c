/** Runs asynchronous work one piece after the other: what came first is done first, and a failure stops nobody. */
export class InOrder {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
