"use client";
/** Copies a text, and says that it did. Where the browser forbids it, nothing is pretended. */
import { Check, Copy } from "lucide-react";
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { cn } from "../../ui/cn";

const SHOWN_MS = 1_600;

export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const t = useTranslations("sheet");
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      aria-label={t(copied ? "copied" : "copy", { what })}
      title={t("copy", { what })}
      onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true), () => undefined)}
      className={cn("inline-grid size-6 shrink-0 place-items-center rounded text-text-3 hover:bg-sunken hover:text-text", copied && "text-ok", className)}
    >
      <Icon aria-hidden className="size-3.5" />
    </button>
  );
}
