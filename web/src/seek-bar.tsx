/** Film time: a native range in seconds, so that touch, keyboard and screen reader all know it. */
import { useEffect, useRef } from "react";
import { clockText } from "./film-clock.ts";
import type { PanelProps } from "./room-screen.tsx";

const TICK_MS = 200;
const STEP_S = 5;
const LEAP_S = 60;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -STEP_S,
  ArrowDown: -STEP_S,
  ArrowRight: STEP_S,
  ArrowUp: STEP_S,
  PageDown: -LEAP_S,
  PageUp: LEAP_S,
};

export function SeekBar({ room, view, t }: PanelProps) {
  const bar = useRef<HTMLInputElement>(null);
  const now = useRef<HTMLSpanElement>(null);
  const durationMs = view.watch?.line.durationMs ?? 0;
  const durationS = durationMs / 1000;

  // The clock writes to the elements itself: five times a second is no reason to render the room.
  useEffect(() => {
    const range = bar.current;
    if (!range) return;
    let isDragging = false;
    const show = (mediaMs: number): void => {
      const text = clockText(mediaMs);
      range.setAttribute("aria-valuenow", (mediaMs / 1000).toFixed(1));
      range.setAttribute("aria-valuetext", t.position(text, clockText(durationMs)));
      range.style.setProperty("--played", `${durationMs > 0 ? (mediaMs / durationMs) * 100 : 0}%`);
      if (now.current) now.current.textContent = text;
    };
    const tick = (): void => {
      if (isDragging) return;
      const mediaMs = room.positionMs();
      range.value = String(mediaMs / 1000);
      show(mediaMs);
    };
    const seek = (seconds: number): void => {
      const toMs = Math.round(Math.min(durationMs, Math.max(0, seconds * 1000)));
      void room.seek(toMs);
      tick();
    };
    const drag = (): void => {
      isDragging = true;
      show(Number(range.value) * 1000);
    };
    const drop = (): void => {
      isDragging = false;
      seek(Number(range.value));
    };
    const key = (event: KeyboardEvent): void => {
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      seek(room.positionMs() / 1000 + step);
    };
    range.addEventListener("input", drag);
    range.addEventListener("change", drop);
    range.addEventListener("keydown", key);
    const timer = setInterval(tick, TICK_MS);
    tick();
    return () => {
      clearInterval(timer);
      range.removeEventListener("input", drag);
      range.removeEventListener("change", drop);
      range.removeEventListener("keydown", key);
    };
  }, [room, durationMs, t]);

  return (
    <div className="seek">
      <span className="clock" ref={now} aria-hidden="true" />
      <input
        ref={bar}
        type="range"
        className="seek-range"
        aria-label={t.seek}
        aria-valuemin={0}
        aria-valuemax={durationS}
        min={0}
        max={durationS}
        step="any"
        defaultValue={0}
      />
      <span className="clock" aria-hidden="true">
        {clockText(durationMs)}
      </span>
    </div>
  );
}
