import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SeekQueue } from "../src/seek-queue.ts";

/** A media server that answers when it is told to. */
function harness() {
  const sent: number[] = [];
  const targets: (number | undefined)[] = [];
  const answers: ((went: boolean) => void)[] = [];
  const queue = new SeekQueue({
    send: (toMs) => {
      sent.push(toMs);
      return new Promise((resolve) => answers.push(resolve));
    },
    onTarget: (toMs) => targets.push(toMs),
  });
  const answer = async (went: boolean): Promise<void> => {
    answers.shift()?.(went);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { queue, sent, targets, answer };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("of seeks asked for while one is under way only the last is sent", async () => {
  const { queue, sent, answer } = harness();
  for (const toMs of [1000, 2000, 3000, 4000]) void queue.seek(toMs);
  expect(sent).toEqual([1000]);
  await answer(true);
  expect(sent).toEqual([1000, 4000]);
  await answer(true);
  expect(sent).toEqual([1000, 4000]);
});

test("the bar holds the target until that seek's timeline is there", async () => {
  const { queue, targets, answer } = harness();
  void queue.seek(50_000);
  await answer(true);
  queue.arrived(2000);
  expect(targets).toEqual([50_000]);
  queue.arrived(49_500);
  expect(targets).toEqual([50_000, undefined]);
});

test("a refusal gives the bar back at once", async () => {
  const { queue, targets, answer } = harness();
  void queue.seek(50_000);
  await answer(false);
  expect(targets).toEqual([50_000, undefined]);
});

test("an answer without a timeline gives it back after a while", async () => {
  const { queue, targets, answer } = harness();
  void queue.seek(50_000);
  await answer(true);
  await vi.advanceTimersByTimeAsync(5000);
  expect(targets).toEqual([50_000]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(targets).toEqual([50_000, undefined]);
});
