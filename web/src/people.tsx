/** Who is here, and what each of them watches. */
import type { IdentityId } from "@loge/protocol/brands";
import { keyTag } from "@loge/protocol/card";
import type { Member } from "@loge/protocol/session";
import { type CSSProperties, useMemo, useState } from "react";
import { Glyph } from "./glyph.tsx";
import type { PanelProps } from "./room-screen.tsx";
import type { Strings } from "./strings.ts";
import { VerifyDialog } from "./verify.tsx";
import { hueOf, initialsOf, type RoomView, screeningOf } from "./view.ts";

declare module "react" {
  interface CSSProperties {
    "--hue"?: number;
  }
}

/** Initials by CSS, not as text: a screen reader and a search find the name once. */
export function Avatar({ id, name }: { readonly id: IdentityId; readonly name: string }) {
  const style: CSSProperties = { "--hue": hueOf(id) };
  return <span className="avatar" aria-hidden="true" data-initials={initialsOf(name)} style={style} />;
}

export function PeoplePanel({ room, view, t }: PanelProps) {
  // as it was when the button was pressed: it stays in sight when they leave
  const [verifying, setVerifying] = useState<Member>();
  const others = view.members.filter((member) => member.sid !== room.me.sid);
  const mine = view.members.filter((member) => member.sid === room.me.sid);
  return (
    <section className="people panel" aria-labelledby="people-title">
      <div className="panel-head">
        <h2 id="people-title" className="panel-title">
          {t.people} <span className="count">{view.members.length}</span>
        </h2>
        <Comings toast={view.toast} t={t} />
      </div>
      <ul className="people-list" aria-label={t.people}>
        {[...mine, ...others].map((member) => (
          <Person key={member.sid} member={member} room={room} view={view} t={t} onVerify={setVerifying} />
        ))}
      </ul>
      {others.length === 0 && <p className="hint">{t.alone}</p>}
      {verifying && (
        <VerifyDialog me={room.me} other={verifying} onClose={() => setVerifying(undefined)} t={t} />
      )}
    </section>
  );
}

/** Who came and went, for a moment. */
function Comings({ toast, t }: { readonly toast: RoomView["toast"]; readonly t: Strings }) {
  const words = [
    toast && toast.joined.length > 0 ? t.joinedToast(toast.joined.join(", ")) : "",
    toast && toast.left.length > 0 ? t.leftToast(toast.left.join(", ")) : "",
  ];
  return (
    <p className="comings" aria-live="polite">
      {words.filter((text) => text !== "").join(" · ")}
    </p>
  );
}

interface PersonProps extends PanelProps {
  readonly member: Member;
  readonly onVerify: (member: Member) => void;
}

function Person({ member, room, view, t, onVerify }: PersonProps) {
  const tag = useMemo(() => keyTag(member.id), [member.id]);
  const isMe = member.sid === room.me.sid;
  const screening = screeningOf(view, member.sid);
  const title = view.library.titles.find((each) => each.title === screening?.title);
  const isElsewhere = screening !== undefined && screening.screening !== view.watch?.line.screening;
  return (
    <li className="person" data-away={member.awaySinceMs !== undefined}>
      <Avatar id={member.id} name={member.name} />
      <span className="person-who">
        <span className="person-name">{member.name}</span>{" "}
        {isMe && <span className="person-you">{t.you}</span>}{" "}
        <span className="tag" title={t.keyTag}>
          {tag}
        </span>
      </span>
      {member.awaySinceMs !== undefined && <span className="person-does">{t.away}</span>}
      {screening && <span className="person-does">{t.watching(screening.name)}</span>}
      {screening && title && isElsewhere && !isMe && (
        <button
          type="button"
          className="small"
          aria-label={t.joinTitle(member.name)}
          onClick={() => void room.joinScreening(screening.screening, title)}
        >
          {t.join}
        </button>
      )}
      {!isMe && (
        <button
          type="button"
          className="quiet verify-open"
          aria-label={t.verify(member.name)}
          title={t.verify(member.name)}
          onClick={() => onVerify(member)}
        >
          <Glyph name="key" />
        </button>
      )}
    </li>
  );
}
