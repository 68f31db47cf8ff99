"use client";
import { CircleAlert, Eye, EyeOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { useTheme } from "next-themes";
import { useEffect, useState } from "react";
import type { FormEvent } from "react";
import { ConsoleError, signIn } from "../console-client";
import { Button } from "../ui/button";

const FIELD = "block h-10 w-full rounded-md border border-line-strong bg-surface px-3 text-base placeholder:text-text-3";

export function SignInForm({ ended }: { ended: boolean }) {
  const t = useTranslations("signIn");
  const { setTheme } = useTheme();
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [waitSeconds, setWaitSeconds] = useState(0);
  // Before the script runs, the browser would send the form itself, with the password in the address.
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);

  useEffect(() => {
    if (waitSeconds <= 0) return;
    const timer = window.setTimeout(() => setWaitSeconds((seconds) => seconds - 1), 1_000);
    return () => window.clearTimeout(timer);
  }, [waitSeconds]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const { preferences } = await signIn(String(form.get("email")).trim(), String(form.get("password")));
      if (preferences.theme !== null) setTheme(preferences.theme);
      // A full load: the page that comes belongs to the new session from its first byte.
      window.location.assign("/");
    } catch (failure) {
      const { code, retryAfterSeconds } = failure instanceof ConsoleError ? failure : new ConsoleError("UNREACHABLE");
      setBusy(false);
      setError(code === "UNAUTHENTICATED" || code === "VALIDATION" ? "wrong" : code === "RATE_LIMITED" ? "wait" : "unreachable");
      if (code === "RATE_LIMITED") setWaitSeconds(retryAfterSeconds ?? 5);
    }
  };

  const waiting = error === "wait" && waitSeconds > 0;
  return (
    <form onSubmit={(event) => void submit(event)} method="post" className="flex flex-col gap-4" noValidate>
      {ended && error === null && (
        <p role="status" className="rounded-md bg-sunken px-3 py-2 text-text-2">
          {t("ended")}
        </p>
      )}
      <label className="block">
        <span className="mb-1 block text-sm font-medium">{t("email")}</span>
        <input name="email" type="email" autoComplete="username" required autoFocus spellCheck={false} className={FIELD} />
      </label>
      <div>
        <label htmlFor="password" className="mb-1 block text-sm font-medium">
          {t("password")}
        </label>
        <div className="relative">
          <input
            id="password"
            name="password"
            type={shown ? "text" : "password"}
            autoComplete="current-password"
            required
            aria-invalid={error === "wrong" || undefined}
            aria-describedby={error === null ? undefined : "sign-in-error"}
            className={`${FIELD} pr-11`}
          />
          <Button
            kind="ghost"
            size="icon"
            className="absolute top-1 right-1"
            aria-label={t(shown ? "hide" : "show")}
            aria-pressed={shown}
            onClick={() => setShown((before) => !before)}
          >
            {shown ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
          </Button>
        </div>
      </div>
      {error !== null && (
        <p id="sign-in-error" role="alert" className="flex items-start gap-2 rounded-md bg-danger-soft px-3 py-2 text-danger">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {waiting ? t("wait", { seconds: waitSeconds }) : t(error === "wait" ? "again" : error)}
        </p>
      )}
      <Button type="submit" kind="primary" className="h-10 w-full" busy={busy} disabled={!ready || waiting}>
        {t("submit")}
      </Button>
    </form>
  );
}
