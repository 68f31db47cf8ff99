"use client";
/** One's own password: the current one, and another twice. */
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { FormEvent } from "react";
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, type Operator } from "@/server/contracts/console";
import { ConsoleError } from "../console-client";
import { useFailure } from "../console-failure";
import { TextField } from "../operators/fields";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { useToast } from "../ui/toast";
import { changePassword } from "./client";

export function PasswordPanel({ operator }: { operator: Operator }) {
  const t = useTranslations("settings");
  return (
    <Panel id="password" title={t("password")}>
      <Form operator={operator} />
    </Panel>
  );
}

function Form({ operator }: { operator: Operator }) {
  const t = useTranslations("settings");
  const sentenceOf = useFailure();
  const toast = useToast();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const short = next !== "" && next.length < PASSWORD_LENGTH_MIN;
  const differs = again !== "" && again !== next;
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await changePassword(current, next);
      toast(t("passwordChanged"), t("passwordChangedDetail"));
      setCurrent("");
      setNext("");
      setAgain("");
    } catch (error) {
      if (error instanceof ConsoleError && error.fields.get("current") === "WRONG") setFailure(t("currentWrong"));
      else if (error instanceof ConsoleError && error.code === "RATE_LIMITED") setFailure(t("waitSeconds", { seconds: error.retryAfterSeconds ?? 30 }));
      else setFailure(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void send(event)} noValidate method="post" className="grid gap-3 px-4 py-4">
      {failure !== null && <Notice>{failure}</Notice>}
      {/* For password keepers: whose password it is. */}
      <input type="email" autoComplete="username" value={operator.email} readOnly hidden />
      <TextField label={t("current")} type="password" autoComplete="current-password" maxLength={PASSWORD_LENGTH_MAX} value={current} onChange={setCurrent} />
      <TextField label={t("next")} hint={t("nextHint", { min: PASSWORD_LENGTH_MIN })} type="password" autoComplete="new-password" maxLength={PASSWORD_LENGTH_MAX} value={next} aria-invalid={short || undefined} onChange={setNext} />
      <TextField label={t("again")} type="password" autoComplete="new-password" maxLength={PASSWORD_LENGTH_MAX} value={again} aria-invalid={differs || undefined} {...(differs ? { hint: t("differs") } : {})} onChange={setAgain} />
      <div className="flex items-center justify-between gap-4">
        <p className="text-xs text-text-3">{t("passwordMeaning")}</p>
        <Button type="submit" kind="primary" busy={busy} disabled={current === "" || next.length < PASSWORD_LENGTH_MIN || again !== next} data-testid="change-password">{t("change")}</Button>
      </div>
    </form>
  );
}
