"use client";
/** What an entry says, in words: the verb, a field and its value, where its target is shown. */
import { useFormatter, useTranslations } from "next-intl";
import { useCallback } from "react";
import type { AuditRow } from "@/server/contracts/audit";

/** Dots nest in messages/. */
const keyOf = (verb: string) => verb.replaceAll(".", "-");

export function useVerb(): (verb: string) => string {
  const t = useTranslations("audit.verbs");
  return useCallback((verb) => (t.has(keyOf(verb)) ? t(keyOf(verb) as "dish-restock") : verb), [t]);
}

export function useField(): (name: string) => string {
  const t = useTranslations("audit.fields");
  return useCallback((name) => (t.has(name) ? t(name as "state") : name), [t]);
}

export function useValue(): (name: string, value: unknown) => string {
  const t = useTranslations("audit");
  const states = useTranslations("pending.states");
  const roles = useTranslations("shell.roles");
  const scopes = useTranslations("operators.scopes");
  const format = useFormatter();
  return useCallback(
    (name, value) => {
      if (value === null || value === undefined) return t("nothing");
      if (typeof value === "boolean") return t(value ? "yes" : "no");
      if (typeof value === "number") return format.number(value);
      if (Array.isArray(value)) return value.map((one) => (name === "scopes" && scopes.has(String(one)) ? scopes(String(one) as "orders") : String(one))).join(", ");
      if (typeof value === "object") return JSON.stringify(value);
      const text = String(value);
      if ((name === "state" || name === "result") && states.has(text)) return states(text as "TRYING");
      if (name === "role" && roles.has(text)) return roles(text as "admin");
      return text;
    },
    [t, states, roles, scopes, format],
  );
}

export interface Changed {
  name: string;
  before: unknown;
  after: unknown;
}

/** Null: nothing was written down of it. Fields that stayed as they were are left out, unless all did. */
export function changesOf({ before, after }: Pick<AuditRow, "before" | "after">): Changed[] | null {
  if (before === null && after === null) return null;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const all = names.map((name): Changed => ({ name, before: before?.[name], after: after?.[name] }));
  if (before === null || after === null) return all;
  const changed = all.filter((field) => JSON.stringify(field.before) !== JSON.stringify(field.after));
  return changed.length > 0 ? changed : all;
}

/** The page of what it was done to; null: it has none. */
export function pageOf({ verb, target }: Pick<AuditRow, "verb" | "target">): string | null {
  const id = encodeURIComponent(target);
  switch (verb.split(".")[0]) {
    case "transaction":
      return `/transactions/${id}`;
    case "dish":
      return `/dishes/${id}`;
    case "ticket":
      return `/review?ticket=${id}`;
    case "refund":
      return `/inbox?ticket=${id}`;
    case "bulk":
      return `/causes?bulk=${id}`;
    case "operator":
    case "key":
      return "/operators";
    case "contention":
      return "/locks";
    case "settings":
      return "/settings";
    default:
      return null;
  }
}
