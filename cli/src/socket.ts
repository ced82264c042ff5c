/** The one place of socket.io-client: connects to signaling and keeps trying; the session does the rest. */
import type { Session, SignalingWire } from "@loge/protocol/session";
import { io } from "socket.io-client";

export interface SignalingOptions {
  /** `http(s)://host[:port]` of the invite. */
  readonly origin: string;
  /** PEM of a further authority; certificates are always checked. */
  readonly ca: string | undefined;
  readonly session: Session;
  /** A try failed; socket.io goes on trying until closed. */
  readonly failed: (reason: string) => void;
}

export interface Signaling {
  close(): void;
}

const ANSWER_TIMEOUT_MS = 10_000;
const AGAIN_MS = 500;

/** What lies below socket.io's "websocket error" (ws ErrorEvent): ECONNREFUSED, a certificate's fault, … */
function reasonOf(error: Error): string {
  const { description } = error as Error & {
    readonly description?: { readonly message?: string; readonly error?: unknown };
  };
  const below = description?.error;
  if (below instanceof AggregateError)
    return below.errors.map((one) => (one instanceof Error ? one.message : "")).join(", ");
  if (below instanceof Error && below.message !== "") return below.message;
  return description?.message ?? error.message;
}

export function connectSignaling(options: SignalingOptions): Signaling {
  const { session } = options;
  const socket = io(options.origin, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: AGAIN_MS,
    reconnectionDelayMax: 5_000,
    timeout: ANSWER_TIMEOUT_MS,
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  let isClosed = false;

  const wire: SignalingWire = {
    request: async (event, payload) => {
      try {
        return await socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, payload);
      } catch (thrown) {
        // a join that nobody answers leaves a connection that is good for nothing
        if (event === "join" && socket.connected) socket.io.engine.close();
        throw thrown;
      }
    },
    close: () => close(),
  };
  const close = (): void => {
    isClosed = true;
    socket.close();
  };

  socket.on("connect", () => session.attach(wire));
  socket.on("disconnect", (reason) => {
    session.detach();
    // socket.io takes a server's goodbye as final; a restart of signaling says goodbye too
    if (reason !== "io server disconnect" || isClosed) return;
    setTimeout(() => !isClosed && socket.connect(), AGAIN_MS);
  });
  socket.on("connect_error", (error) => {
    options.failed(reasonOf(error));
    // refused by the server itself (not a transport fault): socket.io would not try again
    if (!socket.active && !isClosed) setTimeout(() => !isClosed && socket.connect(), AGAIN_MS * 4);
  });
  socket.onAny((event: string, ...args: readonly unknown[]) => session.receive(event, args[0]));
  return { close };
}
