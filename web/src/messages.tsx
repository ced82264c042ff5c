/** What people write to each other: text and nothing but text, kept only on this screen. */
import type { Sid } from "@loge/protocol/brands";
import { sentence, toWireError, type WireError } from "@loge/protocol/errors";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Avatar } from "./people.tsx";
import type { PanelProps } from "./room-screen.tsx";
import type { Strings } from "./strings.ts";
import type { Line } from "./view.ts";

export function MessagesPanel({ room, view, t }: PanelProps) {
  return (
    <section className="messages panel" aria-labelledby="messages-title">
      <h2 id="messages-title" className="panel-title">
        {t.messages}
      </h2>
      <Log lines={view.lines} receipts={view.receipts} t={t} />
      <Compose room={room} view={view} t={t} />
    </section>
  );
}

function Log({
  lines,
  receipts,
  t,
}: Pick<PanelProps["view"], "lines" | "receipts"> & { readonly t: Strings }) {
  const log = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const newest = lines.at(-1);
  useEffect(() => {
    // who has scrolled up to read stays there, unless the newest line is their own
    if (newest && log.current && (isAtEnd.current || newest.isMine))
      log.current.scrollTop = log.current.scrollHeight;
  }, [newest]);
  const onScroll = (): void => {
    const box = log.current;
    if (box) isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div className="log" role="log" aria-label={t.messages} tabIndex={0} ref={log} onScroll={onScroll}>
      {lines.length === 0 && <p className="hint">{t.noMessages}</p>}
      <ol className="lines">
        {lines.map((line, at) => (
          <Said
            key={`${line.from.sid}${line.mid}`}
            line={line}
            got={receipts.get(line.mid)?.size ?? 0}
            isFollowing={isFollowing(lines[at - 1], line)}
            t={t}
          />
        ))}
      </ol>
    </div>
  );
}

const FOLLOWS_MS = 3 * 60_000;
const isFollowing = (before: Line | undefined, line: Line): boolean =>
  before?.from.sid === line.from.sid && before.to === line.to && line.tsMs - before.tsMs < FOLLOWS_MS;

const timeOf = (tsMs: number): string =>
  new Date(tsMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

interface SaidProps {
  readonly line: Line;
  readonly got: number;
  readonly isFollowing: boolean;
  readonly t: Strings;
}

function Said({ line, got, isFollowing: follows, t }: SaidProps) {
  const state =
    line.receivers === 0
      ? t.sentToNobody
      : got === 0
        ? t.sent
        : got < line.receivers
          ? t.deliveredTo(got, line.receivers)
          : t.delivered;
  return (
    <li className="line" data-mine={line.isMine} data-private={line.to !== undefined} data-follows={follows}>
      <Avatar id={line.from.id} name={line.from.name} />
      <p className="line-head">
        <span className="line-from">{line.from.name}</span>
        <time className="line-time" dateTime={new Date(line.tsMs).toISOString()}>
          {timeOf(line.tsMs)}
        </time>
        {line.to !== undefined && (
          <span className="line-private">{line.isMine ? t.encryptedTo(line.to) : t.encryptedToYou}</span>
        )}
      </p>
      <p className="line-text" dir="auto">
        {line.text}
      </p>
      {line.isMine && <p className="line-state">{state}</p>}
    </li>
  );
}

interface Target {
  readonly sid: Sid;
  readonly id: string;
  readonly name: string;
}

function Compose({ room, view, t }: PanelProps) {
  const [text, setText] = useState("");
  const [target, setTarget] = useState<Target>();
  const [error, setError] = useState<WireError>();
  const [isSending, setSending] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const others = view.members.filter((member) => member.sid !== room.me.sid);
  // a reload gives the same person another sid
  const chosen =
    target &&
    (others.find((member) => member.sid === target.sid) ??
      others.find((member) => member.id === target.id && member.name === target.name));
  const isGone = target !== undefined && chosen === undefined;

  const send = async (): Promise<void> => {
    if (isSending) return;
    setSending(true);
    setError(undefined);
    try {
      await room.say(text, target ? (chosen?.sid ?? target.sid) : "everyone");
      setText("");
    } catch (thrown) {
      setError(toWireError(thrown));
    } finally {
      setSending(false);
      box.current?.focus();
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  const choose = (sid: string): void => {
    setError(undefined);
    const member = others.find((each) => each.sid === sid);
    if (sid === "everyone") setTarget(undefined);
    else if (member) setTarget({ sid: member.sid, id: member.id, name: member.name });
  };
  return (
    // without autoComplete="off" browsers write what is typed here into the session they would restore
    <form className="compose" data-private={target !== undefined} autoComplete="off" onSubmit={submit}>
      <label className="field">
        <span className="field-label">{t.to}</span>
        <select
          value={target ? (chosen?.sid ?? target.sid) : "everyone"}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="everyone">{t.everyone}</option>
          {others.map((member) => (
            <option key={member.sid} value={member.sid}>
              {member.name}
            </option>
          ))}
          {target && isGone && <option value={target.sid}>{t.gone(target.name)}</option>}
        </select>
      </label>
      {(error || isGone) && (
        <p id="message-fault" className="fault" role="alert">
          {error ? sentence(error) : t.receiverLeft(target?.name ?? "")}
        </p>
      )}
      <div className="compose-row">
        <textarea
          ref={box}
          rows={1}
          aria-label={t.message}
          placeholder={t.messageHint}
          aria-describedby={error || isGone ? "message-fault" : undefined}
          enterKeyHint="send"
          dir="auto"
          value={text}
          readOnly={isSending}
          onChange={(event) => {
            setText(event.target.value);
            setError(undefined);
          }}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="primary" disabled={isSending}>
          {t.send}
        </button>
      </div>
    </form>
  );
}
