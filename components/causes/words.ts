/** What is the matter with a participant, in words. A class that messages/ does not know keeps its name. */
import { useTranslations } from "next-intl";
import { useCallback } from "react";

export function useErrorClass(): (errorClass: string) => string {
  const t = useTranslations("causes");
  return useCallback((errorClass) => (t.has(`classes.${errorClass}`) ? t(`classes.${errorClass as "TIMEOUT"}`) : errorClass), [t]);
}
