"use client";
/** What went wrong with a call, as a sentence of messages/. */
import { useTranslations } from "next-intl";
import { useCallback } from "react";
import { codeOf, ConsoleError } from "./console-client";

export function useFailure(): (error: unknown) => string {
  const t = useTranslations("errors");
  return useCallback(
    (error) => {
      const code = codeOf(error);
      return t(t.has(code) ? code : "UNREACHABLE", { ticketId: (error instanceof ConsoleError ? error.ticketId : null) ?? "–" });
    },
    [t],
  );
}
