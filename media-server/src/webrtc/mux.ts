import type { Log } from "../log.ts";

export interface Mux {
  readonly port: number;
  readonly counters: Readonly<Record<string, number>>;
  close(reason: string): Promise<void>;
}

export function openMux(_o: { port: number; bind: string; ips: readonly string[]; log: Log }): Promise<Mux> {
  return Promise.reject(new Error("not built yet"));
}
