"use client";
/**
 * One act on a person, a key or a setting: what it is about, what it does to whom, a reason, and what was made, shown once.
 */
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { codeOf } from "../console-client";
import { useFailure } from "../console-failure";
import { CopyButton } from "../transactions/sheet/copy-button";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Notice } from "../ui/notice";
import { TextArea } from "../ui/text-area";
import { useToast } from "../ui/toast";
import { useAct } from "../use-act";

/** What was made, if this act makes something. */
export interface Made {
  /** What it is called: password, key. */
  what: string;
  /** Null: it was made by this very act before, and cannot be shown again. */
  secret: string | null;
}

interface ActDialogProps {
  title: string;
  description: ReactNode;
  act: string;
  danger?: boolean;
  /** Sentences: what happens, to whom, at once. */
  consequences: readonly string[];
  /** What must be filled in is. */
  ready: boolean;
  /** Whoever reads the audit must find one. */
  reasonNeeded?: boolean;
  /** A sentence for a no that means something of its own here. */
  refusals?: Readonly<Record<string, string>>;
  run(actionKey: string, reason: string): Promise<Made | null>;
  done: string;
  returnFocusTo: string;
  onChanged(): void;
  onClose(): void;
  children?: ReactNode;
}

export function ActDialog({ title, description, act, danger = false, consequences, ready: filled, reasonNeeded = false, refusals = {}, run, done, returnFocusTo, onChanged, onClose, children }: ActDialogProps) {
  const t = useTranslations("operators");
  const actions = useTranslations("action");
  const sentenceOf = useFailure();
  const toast = useToast();
  const form = useId();
  const { busy, failure, perform } = useAct();
  const [reason, setReason] = useState("");
  const ready = filled && (!reasonNeeded || reason.trim() !== "");
  const [made, setMade] = useState<Made | null>(null);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready || busy) return;
    await perform(async (actionKey) => {
      const answer = await run(actionKey, reason.trim());
      onChanged();
      if (answer !== null) return setMade(answer);
      toast(done, typeof description === "string" ? description : "");
      onClose();
    });
  };

  if (made !== null) {
    return (
      <Dialog
        onClose={onClose}
        returnFocusTo={returnFocusTo}
        title={done}
        description={description}
        closeLabel={actions("close")}
        footer={<Button kind="primary" autoFocus onClick={onClose} data-testid="kept">{t("kept")}</Button>}
      >
        {made.secret === null ? (
          <Notice tone="warn">{t("shownAlready", { what: made.what })}</Notice>
        ) : (
          <>
            <p className="text-text-2">{t("shownOnce", { what: made.what })}</p>
            <div className="mt-3 flex items-center gap-2 rounded-lg border border-line-strong bg-sunken px-3 py-2.5">
              <code className="min-w-0 flex-1 font-mono text-base break-all select-all" data-testid="secret">{made.secret}</code>
              <CopyButton what={made.what} text={made.secret} />
            </div>
          </>
        )}
      </Dialog>
    );
  }
  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={title}
      description={description}
      closeLabel={actions("close")}
      footer={
        <>
          <Button kind="ghost" onClick={onClose} disabled={busy}>{actions("keep")}</Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" form={form} busy={busy} disabled={!ready} data-testid="act">{act}</Button>
        </>
      }
    >
      {failure !== null && <Notice className="mb-4">{refusals[codeOf(failure)] ?? sentenceOf(failure)}</Notice>}
      <form id={form} noValidate onSubmit={(event) => void send(event)} className="space-y-4">
        {children}
        {consequences.length > 0 && (
          <section aria-label={t("consequences")} aria-live="polite" data-testid="consequences" className="rounded-lg border px-3 py-2.5">
            <h3 className="text-2xs font-medium text-text-3">{t("consequences")}</h3>
            <ul className="mt-1 list-disc space-y-0.5 pl-4">
              {consequences.map((sentence) => <li key={sentence}>{sentence}</li>)}
            </ul>
          </section>
        )}
        <TextArea label={actions("reason")} note={actions(reasonNeeded ? "needed" : "optional")} value={reason} onChange={setReason} />
      </form>
    </Dialog>
  );
}
