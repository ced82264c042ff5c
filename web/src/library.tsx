/** The programme of the house: what can be played, what is on, and why something cannot be shown. */
import type { ScreeningInfo, TitleInfo } from "@loge/protocol/control";
import { sentence } from "@loge/protocol/errors";
import { type CSSProperties, memo } from "react";
import { clockText } from "./film-clock.ts";
import { Resolution } from "./resolution.tsx";
import type { Room } from "./room.ts";
import type { PanelProps } from "./room-screen.tsx";
import type { Strings } from "./strings.ts";
import { hueOf, nameOf } from "./view.ts";

export function LibraryPanel({ room, view, t }: PanelProps) {
  const { titles, version, problem } = view.library;
  const waiting = view.media ? t.libraryWaiting : t.libraryWaitingMedia;
  return (
    <section className="library panel" aria-labelledby="library-title">
      <div className="panel-head">
        <h2 id="library-title" className="panel-title">
          {t.library} {version !== undefined && <span className="count">{titles.length}</span>}
        </h2>
        {!view.watch && <Resolution room={room} view={view} t={t} />}
      </div>
      {version === undefined && <p className="hint">{waiting}</p>}
      {problem && <p className="fault">{sentence(problem)}</p>}
      <ul className="programme" aria-label={t.library}>
        {titles.map((title) => {
          const on = view.screenings.filter((screening) => screening.title === title.title);
          return (
            <Title
              key={title.title}
              title={title}
              room={room}
              t={t}
              on={on.length === 0 ? NONE : on}
              names={on.map((screening) => namesIn(screening, (sid) => nameOf(view, sid))).join("\n")}
              mine={view.watch?.line.screening}
            />
          );
        })}
      </ul>
    </section>
  );
}

const NONE: readonly ScreeningInfo[] = Object.freeze([]);

const namesIn = (screening: ScreeningInfo, name: (sid: string) => string | undefined): string =>
  screening.viewers
    .map(name)
    .filter((each) => each !== undefined)
    .join(", ");

interface TitleProps {
  readonly title: TitleInfo;
  readonly room: Room;
  readonly t: Strings;
  readonly on: readonly ScreeningInfo[];
  /** Who watches, a line for each of `on`. */
  readonly names: string;
  readonly mine: string | undefined;
}

const Title = memo(function Title({ title, room, t, on, names, mine }: TitleProps) {
  const style: CSSProperties = { "--hue": hueOf(title.title) };
  const viewers = names.split("\n");
  const isOn = on.some((screening) => screening.screening === mine);
  const others = on.filter((screening) => screening.screening !== mine);
  return (
    <li
      className="title"
      data-on={on.length > 0}
      data-mine={isOn}
      data-unplayable={title.problem !== undefined}
    >
      <span className="title-frame" aria-hidden="true" style={style} />
      <div className="title-text">
        <h3 className="title-name">{title.name}</h3>
        {title.problem === undefined && (
          <p className="facts">
            <span>{clockText(title.durationMs)}</span>
            {title.lines > 0 && <span>{`${title.width}×${title.lines}`}</span>}
            {!title.sound && <span>{t.noSound}</span>}
          </p>
        )}
        {title.problem && <p className="reason">{sentence(title.problem)}</p>}
        {names !== "" && <p className="title-viewers">{t.watchedBy(viewers.join(", "))}</p>}
      </div>
      {title.problem === undefined && (
        <div className="title-verbs">
          {others.map((screening, at) => (
            <button
              key={screening.screening}
              type="button"
              className="primary"
              aria-label={
                t.joinTitle(title.name) + (at === 0 ? "" : ` (${viewers[on.indexOf(screening)] ?? ""})`)
              }
              onClick={() => void room.joinScreening(screening.screening, title)}
            >
              {t.join}
            </button>
          ))}
          <button
            type="button"
            className={others.length > 0 ? "quiet" : "lit"}
            aria-label={t.play(title.name)}
            onClick={() => void room.play(title)}
          >
            {t.playButton}
          </button>
        </div>
      )}
    </li>
  );
});
