/** The one screen of a room: film, library, people, messages. */
import { sentence } from "@loge/protocol/errors";
import { formatInvite } from "@loge/protocol/invite";
import { useState, useSyncExternalStore } from "react";
import { LibraryPanel } from "./library.tsx";
import { MessagesPanel } from "./messages.tsx";
import { PeoplePanel } from "./people.tsx";
import { Stage } from "./player.tsx";
import type { Room } from "./room.ts";
import type { Strings } from "./strings.ts";
import { playbackOf, type RoomView, readable, titleName } from "./view.ts";

export interface PanelProps {
  readonly room: Room;
  readonly view: RoomView;
  readonly t: Strings;
}

export function RoomScreen({ room, t }: { readonly room: Room; readonly t: Strings }) {
  const view = useSyncExternalStore(room.store.subscribe, room.store.get, room.store.get);
  const isOn = view.watch !== undefined;

  // the film's name never becomes the tab's: browsers write those into their history
  return (
    <div className="room" data-on={isOn}>
      <header className="bar">
        <h1 className="wordmark">{t.product}</h1>
        <Status view={view} t={t} />
        <CopyInvite room={room} t={t} />
        <button type="button" className="quiet" onClick={() => void room.leave()}>
          {t.leave}
        </button>
      </header>
      <Notices room={room} view={view} t={t} />
      <main className="main">
        <Stage room={room} view={view} t={t} />
        <LibraryPanel room={room} view={view} t={t} />
      </main>
      <aside className="company">
        <PeoplePanel room={room} view={view} t={t} />
        <MessagesPanel room={room} view={view} t={t} />
      </aside>
    </div>
  );
}

function Status({ view, t }: { readonly view: RoomView; readonly t: Strings }) {
  const playback = playbackOf(view);
  const title = titleName(view);
  const line = view.watch?.line;
  const words = {
    idle: t.statusIdle,
    connecting: t.statusConnecting,
    reconnecting: t.statusReconnecting,
    playing: t.statusPlaying(title, line?.height === "source" ? t.source : t.lines(line?.lines ?? 0)),
    paused: t.statusPaused(title),
    ended: t.statusEnded(title),
  }[playback];
  return (
    <div className="status" role="status" aria-label={t.playback} data-playback={playback}>
      {words}
    </div>
  );
}

/** The invite for others: without this person's name and without the host secret. */
function CopyInvite({ room, t }: { readonly room: Room; readonly t: Strings }) {
  const [word, setWord] = useState<string>();
  const copy = async (): Promise<void> => {
    const link = formatInvite({ ...room.invite, h: undefined, name: undefined });
    try {
      await navigator.clipboard.writeText(link);
      setWord(t.inviteCopied);
    } catch {
      setWord(t.copyFailed);
    }
    setTimeout(() => setWord(undefined), 3000);
  };
  return (
    <button type="button" className="quiet" aria-live="polite" onClick={() => void copy()}>
      {word ?? t.copyInvite}
    </button>
  );
}

/** What is wrong at the moment, in words. */
function Notices({ room, view, t }: PanelProps) {
  const isAway = view.session.kind === "away";
  const isLinkLost = view.link === "lost";
  const away = isAway
    ? t.signalingAway
    : view.media === undefined || view.media.awaySinceMs !== undefined
      ? isLinkLost || view.watch
        ? t.mediaAway
        : t.noMedia
      : isLinkLost && view.linkError
        ? sentence(view.linkError)
        : undefined;
  return (
    <div className="notices">
      {view.alert && (
        <div className="notice fault" role="alert">
          <span>{sentence(readable(view.alert, view))}</span>
          <button type="button" className="quiet" onClick={() => room.alert(undefined)}>
            {t.dismiss}
          </button>
        </div>
      )}
      <div aria-live="polite">{away !== undefined && <p className="notice">{away}</p>}</div>
    </div>
  );
}
