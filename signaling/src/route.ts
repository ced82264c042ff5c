/**
 * The only way in for an event: parsed, counted, caught and always answered (code-style A.3).
 * A handler never sees a payload that its schema did not accept.
 */
import { Refusal, toWireError, type WireError } from "@loge/protocol/errors";
import {
  CLIENT_EVENTS,
  type ClientEvent,
  type ClientMessage,
  type Reply,
  type ReplyValue,
} from "@loge/protocol/wire";

export type Handlers = {
  readonly [E in ClientEvent]: (message: ClientMessage<E>) => ReplyValue<E> | Promise<ReplyValue<E>>;
};

export interface RouteOptions {
  readonly handlers: Handlers;
  /** Pays for one event of so many bytes; throws RATE_LIMITED. */
  pay(event: ClientEvent, bytes: number): void;
  /** Something arrived that no honest client sends. Called after it was answered. */
  strike(error: WireError): void;
  /** Something failed on our side; the other end only learns INTERNAL. */
  failed(event: ClientEvent, thrown: unknown): void;
}

const isClientEvent = (event: unknown): event is ClientEvent =>
  typeof event === "string" && Object.hasOwn(CLIENT_EVENTS, event);

const isStrike = (error: WireError): boolean =>
  error.code === "BAD_MESSAGE" || error.code === "UNKNOWN_EVENT" || error.code === "TOO_LARGE";

/** A cheap upper guess of what the event weighed on the wire; exact enough to pay by. */
function weigh(raw: unknown): number {
  try {
    return JSON.stringify(raw)?.length ?? 0;
  } catch {
    return 0;
  }
}

async function run<E extends ClientEvent>(
  event: E,
  raw: unknown,
  options: RouteOptions,
): Promise<ReplyValue<E>> {
  options.pay(event, weigh(raw));
  const parsed = CLIENT_EVENTS[event].safeParse(raw);
  if (!parsed.success) throw new Refusal("BAD_MESSAGE");
  // the schema of this very event accepted it; TypeScript cannot follow the lookup
  const handle = options.handlers[event] as (message: unknown) => ReplyValue<E> | Promise<ReplyValue<E>>;
  return await handle(parsed.data);
}

/** Handles one packet as it came from the socket: `[event, payload, acknowledgement]`, none of it trusted. */
export async function route(packet: readonly unknown[], options: RouteOptions): Promise<void> {
  const [event, raw] = packet;
  const last = packet.length > 1 ? packet[packet.length - 1] : undefined;
  const answer = (reply: Reply<unknown>): void => {
    if (typeof last === "function") last(reply);
  };
  const refuse = (error: WireError): void => {
    answer({ ok: false, error });
    if (isStrike(error)) options.strike(error);
  };
  if (!isClientEvent(event)) return refuse({ code: "UNKNOWN_EVENT" });
  // exactly one payload and at the most one acknowledgement
  if (packet.length > 3 || (packet.length === 3 && typeof last !== "function"))
    return refuse({ code: "BAD_MESSAGE" });
  try {
    answer({ ok: true, value: await run(event, raw, options) });
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) options.failed(event, thrown);
    refuse(toWireError(thrown));
  }
}
