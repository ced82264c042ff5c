/** Who may steer the screening that is on: the owner decides, others may ask. */
import { CONTROL_MODES, type ControlMode } from "@loge/protocol/control";
import type { PanelProps } from "./room-screen.tsx";
import { nameOf, rightsOf } from "./view.ts";

export function Company({ room, view, t }: PanelProps) {
  const isHost = room.invite.h !== undefined;
  const rights = rightsOf(view, room.me.sid, isHost);
  if (!rights) return null;
  const choose = (mode: string): void => {
    const chosen: ControlMode | undefined = CONTROL_MODES.find((each) => each === mode);
    if (chosen) void room.mode(chosen);
  };
  return (
    <div className="rights">
      {(rights.isOwner || isHost) && (
        <label className="field">
          <span className="field-label">{t.controls}</span>
          <select value={rights.mode} onChange={(event) => choose(event.target.value)}>
            {CONTROL_MODES.map((mode) => (
              <option key={mode} value={mode}>
                {t.modes[mode]}
              </option>
            ))}
          </select>
        </label>
      )}
      {!rights.mayControl && (
        <p className="hint">{t.controlledBy(nameOf(view, rights.owner) ?? t.somebody)}</p>
      )}
      {!rights.mayControl &&
        rights.mode === "ask" &&
        (view.hasAsked ? (
          <p className="hint">{t.asked}</p>
        ) : (
          <button type="button" onClick={() => void room.ask()}>
            {t.askForControl}
          </button>
        ))}
    </div>
  );
}

/** Whoever asks the owner for control, each with an answer to give. */
export function Asking({ room, view, t }: PanelProps) {
  return view.asking.map((sid) => {
    const name = nameOf(view, sid) ?? t.somebody;
    return (
      <div key={sid} className="asking" role="alertdialog" aria-label={t.asksForControl(name)}>
        <p>{t.asksForControl(name)}</p>
        <button type="button" className="primary" onClick={() => void room.grant(sid, true)}>
          {t.allow(name)}
        </button>
        <button type="button" className="quiet" onClick={() => void room.grant(sid, false)}>
          {t.refuse}
        </button>
      </div>
    );
  });
}
