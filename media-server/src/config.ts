/** What the launcher hands over by IPC: secrets never stand in arguments or environment. */
import { text } from "node:stream/consumers";
import * as z from "zod/mini";

const config = z.strictObject({
  videos: z.string(),
  signalingUrl: z.url(),
  /** PEM of the local CA, where signaling is served by our own certificate. */
  ca: z.optional(z.string()),
  room: z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/)),
  k: z.optional(z.string()),
  hostSecret: z.optional(z.string()),
  admissionKey: z.string(),
  identityJwk: z.record(z.string(), z.unknown()),
  udpPort: z.int().check(z.gte(0), z.lte(65535)),
  bind: z.string(),
  announce: z.array(z.string()),
  turn: z.optional(z.strictObject({ url: z.string(), username: z.string(), credential: z.string() })),
  cacheMib: z.int().check(z.gte(16)),
  encodeBudget: z.boolean(),
  ffmpegPath: z.optional(z.string()),
});
export type Config = z.infer<typeof config>;
const configMessage = z.strictObject({ type: z.literal("config"), config });

/** Throws a sentence naming the fields that are wrong, never their values. Without IPC the same object is read from stdin. */
export async function receiveConfig(): Promise<Config> {
  const raw: unknown =
    process.send === undefined
      ? { type: "config", config: JSON.parse(await text(process.stdin)) }
      : await new Promise<unknown>((resolve) => process.once("message", resolve));
  const parsed = configMessage.safeParse(raw);
  if (parsed.success) return parsed.data.config;
  throw new Error(
    `configuration not understood: ${parsed.error.issues.map((issue) => issue.path.join(".")).join(", ")}`,
  );
}

export type Report =
  | { readonly type: "ready"; readonly ffmpeg: string; readonly udpPort: number }
  | { readonly type: "fatal"; readonly code: string; readonly message: string };

/** Tells the launcher, or whoever reads stdout, how the start went. */
export function report(message: Report): void {
  if (process.send !== undefined) process.send(message);
  else process.stdout.write(`${JSON.stringify(message)}\n`);
}
