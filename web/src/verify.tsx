/** Comparing keys with one person: the safety number, both key tags, and what to do with them. */
import { cleanName, keyTag } from "@loge/protocol/card";
import { type SafetyParty, safetyNumber } from "@loge/protocol/safety";
import { useEffect, useRef, useState } from "react";
import type { Strings } from "./strings.ts";

interface VerifyProps {
  readonly me: SafetyParty;
  readonly other: SafetyParty;
  readonly onClose: () => void;
  readonly t: Strings;
}

/** Modal; the browser closes it on Escape and gives the focus back to the button that opened it. */
export function VerifyDialog({ me, other, onClose, t }: VerifyProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const self = { id: me.id, name: cleanName(me.name) }; // as the card has it, not as it was typed
  const digits = useSafetyNumber(self, other);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="verify" aria-labelledby="verify-title" onClose={onClose}>
      <h2 id="verify-title" className="panel-title">
        {t.safetyNumber(other.name)}
      </h2>
      <p className="digits" aria-live="polite">
        {digits ?? t.safetyWaiting}
      </p>
      <dl className="verify-tags">
        {[self, other].map((party) => (
          <div key={party.name}>
            <dt>
              {party.name} {party === self && <span className="person-you">{t.you}</span>}
            </dt>
            <dd className="tag">{keyTag(party.id)}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">{t.safetyHow(other.name)}</p>
      <button type="button" onClick={() => dialog.current?.close()}>
        {t.close}
      </button>
    </dialog>
  );
}

/** Three lines of four groups; undefined while it is worked out. */
function useSafetyNumber(me: SafetyParty, other: SafetyParty): string | undefined {
  const [digits, setDigits] = useState<string>();
  const [myId, myName, id, name] = [me.id, me.name, other.id, other.name];
  useEffect(() => {
    let isCurrent = true;
    const show = (groups: readonly string[]): void => {
      if (isCurrent) setDigits([0, 4, 8].map((at) => groups.slice(at, at + 4).join(" ")).join("\n"));
    };
    void safetyNumber({ id: myId, name: myName }, { id, name }).then(show);
    return () => {
      isCurrent = false;
    };
  }, [myId, myName, id, name]);
  return digits;
}
