/**
 * Where the configuration comes from: one IPC message `{type:"config", config}` of the launcher, so that no secret stands in
 * an argument or the environment. Started by hand (no IPC channel), the same object is read as JSON from stdin to its end.
 */
import { text } from "node:stream/consumers";
import * as z from "zod/mini";

const key = z.string().check(z.regex(/^[A-Za-z0-9_-]{22,86}$/));

export const signalingConfig = z.strictObject({
  /** 0 asks the system for a free one; the answer `ready` says which. */
  port: z.int().check(z.gte(0), z.lte(65_535)),
  bind: z.string(),
  /** Further names under which a browser may open the page (public URL, this machine's names). */
  hosts: z.array(z.string()),
  behindProxy: z.boolean(),
  tls: z.optional(z.strictObject({ cert: z.string(), key: z.string(), ca: z.optional(z.string()) })),
  pageDir: z.string(),
  /** base64url; invites are MACed with it. */
  admissionKey: key,
});
export type SignalingConfig = z.infer<typeof signalingConfig>;

const message = z.strictObject({ type: z.literal("config"), config: signalingConfig });

/** Throws a sentence where the configuration is not one. The values are never part of it. */
function parse(raw: unknown): SignalingConfig {
  const parsed = message.safeParse(raw);
  if (parsed.success) return parsed.data.config;
  const paths = parsed.error.issues.map((issue) => issue.path.join(".") || "message");
  throw new Error(`signaling was given a configuration it does not understand: ${paths.join(", ")}`);
}

export async function receiveConfig(): Promise<SignalingConfig> {
  if (process.send === undefined)
    return parse({ type: "config", config: JSON.parse(await text(process.stdin)) });
  const raw = await new Promise<unknown>((resolve) => process.once("message", resolve));
  return parse(raw);
}

export type Report =
  | { readonly type: "ready"; readonly port: number }
  | { readonly type: "fatal"; readonly code: string; readonly message: string };

/** Tells the launcher, or whoever reads stdout, how the start went. */
export function report(message: Report): void {
  if (process.send !== undefined) process.send(message);
  else process.stdout.write(`${JSON.stringify(message)}\n`);
}
