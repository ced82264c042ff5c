"use client";
/** Link → name → room. Holds nothing but which of the three is on. */
import { Refusal, toWireError, type WireError } from "@loge/protocol/errors";
import { type Invite, parseInvite } from "@loge/protocol/invite";
import { useCallback, useEffect, useRef, useState } from "react";
import { JoinForm, Unusable } from "./join.tsx";
import type { Room } from "./room.ts";
import { strings } from "./strings.ts";
import { keepSeat, readSeat } from "./tab-memory.ts";

type Engine = typeof import("./engine.ts");
const loadEngine = (): Promise<Engine> => import("./engine.ts");

interface Ready {
  readonly engine: Engine;
  readonly room: Room;
}

/** Whoever opens it by plain http from another machine has no WebCrypto, and must hear why. */
async function readLink(): Promise<Invite> {
  if (!window.isSecureContext || !globalThis.crypto?.subtle) throw new Refusal("INSECURE_CONTEXT");
  return await parseInvite(window.location.href);
}

export function App() {
  const [invite, setInvite] = useState<Invite>();
  const [unusable, setUnusable] = useState<WireError>();
  const [error, setError] = useState<WireError>();
  const [pending, setPending] = useState<Room | "preparing">();
  const [inside, setInside] = useState<Ready>();
  const [unreachable, setUnreachable] = useState(false);
  const preparation = useRef<Promise<ReturnType<Engine["prepare"]>>>(undefined);
  const current = useRef<Room>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const t = strings(invite?.lang ?? "en");

  const prepare = useCallback(() => {
    preparation.current ??= loadEngine().then((engine) => engine.prepare());
    return preparation.current;
  }, []);

  const join = useCallback(
    async (link: Invite, name: string) => {
      setError(undefined);
      setUnreachable(false);
      setPending("preparing");
      try {
        const engine = await loadEngine();
        const room = await engine.enterRoom(link, name, await prepare());
        // encryption keys are for one session; the next join makes others
        preparation.current = undefined;
        current.current = room;
        setPending(room);
        room.store.subscribe(() => {
          const { session, unreachable: isUnreachable } = room.store.get();
          if (current.current !== room) return;
          setUnreachable(isUnreachable);
          if (session.kind === "joined") {
            keepSeat({ name: room.me.name, isIn: true });
            setInside((before) => (before?.room === room ? before : { engine, room }));
            setPending(undefined);
          } else if (session.kind === "closed") {
            current.current = undefined;
            // who was replaced by another tab may come back by a reload
            keepSeat({ name: room.me.name, isIn: session.error?.code === "REPLACED" });
            setError(session.error);
            setInside(undefined);
            setPending(undefined);
            void prepare();
          }
        });
      } catch (thrown) {
        setError(toWireError(thrown));
        setPending(undefined);
      }
    },
    [prepare],
  );

  useEffect(() => {
    let isStale = false;
    const start = async (): Promise<void> => {
      const link = await readLink();
      if (isStale) return;
      setInvite(link);
      document.documentElement.lang = "en";
      const seat = readSeat(window.history.state);
      const name = seat?.name ?? link.name;
      if (name !== undefined && input.current && input.current.value === "") input.current.value = name;
      if (name !== undefined && (seat?.isIn ?? true)) await join(link, name);
      else await prepare();
    };
    start().catch((thrown: unknown) => !isStale && setUnusable(toWireError(thrown)));
    return () => {
      isStale = true;
    };
  }, [join, prepare]);

  useEffect(() => {
    const vanish = (): void => current.current?.vanish();
    // a page taken out of the back-forward cache has lost its room; another link is another room
    const again = (event: Event): void => {
      if (event.type === "hashchange" || (event instanceof PageTransitionEvent && event.persisted))
        window.location.reload();
    };
    window.addEventListener("pagehide", vanish);
    window.addEventListener("pageshow", again);
    window.addEventListener("hashchange", again);
    return () => {
      window.removeEventListener("pagehide", vanish);
      window.removeEventListener("pageshow", again);
      window.removeEventListener("hashchange", again);
    };
  }, []);

  if (unusable) return <Unusable t={t} error={unusable} />;
  if (inside) return <inside.engine.RoomScreen room={inside.room} t={t} />;
  return (
    <JoinForm
      t={t}
      inputRef={input}
      isReady={invite !== undefined && pending === undefined}
      isJoining={pending !== undefined}
      isProtected={invite === undefined || invite.k !== undefined}
      isUnreachable={pending !== undefined && unreachable}
      defaultName={readSeatName(invite)}
      error={error}
      onJoin={(name) => invite && void join(invite, name)}
    />
  );
}

/** The form comes back after leaving; then it knows the name already. */
const readSeatName = (invite: Invite | undefined): string =>
  invite === undefined ? "" : (readSeat(window.history.state)?.name ?? invite.name ?? "");
