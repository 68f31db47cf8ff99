"use client";
/** What an admin does to API keys: make one, replace its secret, revoke it. */
import { useFormatter, useTranslations } from "next-intl";
import { useState } from "react";
import { KEY_RATE_MAX, type KeyRow, type KeyVerb } from "@/server/contracts/operators";
import { SCOPES, type Scope } from "@/server/contracts/scopes";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { cn } from "../ui/cn";
import { ActDialog } from "./act-dialog";
import { actOnKey, createKey } from "./client";
import { TextField } from "./fields";

interface DialogProps {
  returnFocusTo: string;
  onChanged(): void;
  onClose(): void;
}

export function AddKeyDialog({ usualRatePerSecond, ...props }: DialogProps & { usualRatePerSecond: number }) {
  const t = useTranslations("operators");
  const format = useFormatter();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["orders"]);
  const [rate, setRate] = useState("");
  const rateValid = rate === "" || (/^\d{1,6}$/.test(rate) && Number(rate) >= 1 && Number(rate) <= KEY_RATE_MAX);
  return (
    <ActDialog
      {...props}
      title={t("addKey.title")}
      description={t("addKey.description")}
      act={t("addKey.act")}
      done={t("addKey.done")}
      consequences={[]}
      ready={name.trim() !== "" && scopes.length > 0 && rateValid}
      run={async (actionKey, reason) => ({ what: t("key"), secret: (await createKey(actionKey, { name: name.trim(), scopes: [...scopes], ratePerSecond: rate === "" ? null : Number(rate) }, reason)).secret })}
    >
      <TextField label={t("keyName")} hint={t("keyNameHint")} value={name} maxLength={80} autoFocus onChange={setName} />
      <fieldset className="space-y-1.5">
        <legend className="text-xs font-medium text-text-2">{t("scope")}</legend>
        {SCOPES.map((scope) => {
          const on = scopes.includes(scope);
          return (
            <label key={scope} className={cn("flex cursor-pointer items-start gap-2.5 rounded-lg border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-accent", on ? "border-accent bg-accent-soft" : "hover:bg-sunken")}>
              <input type="checkbox" checked={on} onChange={() => setScopes(on ? scopes.filter((each) => each !== scope) : [...scopes, scope])} className="mt-1 accent-accent" />
              <span className="min-w-0">
                <span className="block font-medium">{t(`scopes.${scope}`)}</span>
                <span className="block text-xs text-text-2">{t(`scopeMeaning.${scope}`)}</span>
              </span>
            </label>
          );
        })}
      </fieldset>
      <TextField label={t("rate")} hint={t("rateHint", { usual: format.number(usualRatePerSecond), max: format.number(KEY_RATE_MAX) })} inputMode="numeric" placeholder={String(usualRatePerSecond)} value={rate} aria-invalid={!rateValid || undefined} maxLength={6} onChange={(typed) => setRate(typed.trim())} />
    </ActDialog>
  );
}

export function KeyVerbDialog({ apiKey, verb, ...props }: DialogProps & { apiKey: KeyRow; verb: KeyVerb }) {
  const t = useTranslations("operators");
  const age = useAge();
  const nowMs = useNowMs();
  const { keyId, name, lastUsedAtMs } = apiKey;
  // To the minute: whoever used it within the last two is using it now.
  const used = lastUsedAtMs === null ? t("neverUsed") : nowMs - lastUsedAtMs < 120_000 ? t("usedNow") : t("usedAgo", { age: age(nowMs - lastUsedAtMs) });
  return (
    <ActDialog
      {...props}
      title={t(`${verb}.title`)}
      description={<>{name} <span className="font-mono">{keyId}</span></>}
      act={t(`${verb}.act`)}
      done={t(`${verb}.done`)}
      danger={verb === "revoke"}
      consequences={[used, t(`${verb}.effect`), t(`${verb}.after`)]}
      ready
      refusals={{ ILLEGAL_STATE: t("keyGone") }}
      run={async (actionKey, reason) => {
        const { secret } = await actOnKey(keyId, verb, actionKey, reason);
        return verb === "rotate" ? { what: t("key"), secret } : null;
      }}
    />
  );
}
