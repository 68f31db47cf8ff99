"use client";
/** Fields of the dialogs: a line of text, one of the roles with what it may do. */
import { useTranslations } from "next-intl";
import { useId } from "react";
import type { ComponentProps } from "react";
import { ROLES, type Role } from "@/server/contracts/console";
import { cn } from "../ui/cn";

interface TextFieldProps extends Omit<ComponentProps<"input">, "onChange"> {
  label: string;
  hint?: string;
  onChange(value: string): void;
}

export function TextField({ label, hint, onChange, className, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="block text-xs font-medium text-text-2">{label}</label>
      <input
        autoComplete="off"
        {...rest}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
        className="mt-1 block h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-sm placeholder:text-text-3 aria-invalid:border-danger"
      />
      {hint !== undefined && <p id={`${id}-hint`} className="mt-1 text-2xs text-text-3">{hint}</p>}
    </div>
  );
}

export function RoleField({ value, onChange }: { value: Role; onChange(role: Role): void }) {
  const t = useTranslations("operators");
  const roles = useTranslations("shell.roles");
  const name = useId();
  return (
    <fieldset className="space-y-1.5">
      <legend className="text-xs font-medium text-text-2">{t("role")}</legend>
      {ROLES.map((role) => (
        <label
          key={role}
          className={cn("flex cursor-pointer items-start gap-2.5 rounded-lg border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-accent", role === value ? "border-accent bg-accent-soft" : "hover:bg-sunken")}
        >
          <input type="radio" name={name} value={role} checked={role === value} onChange={() => onChange(role)} className="mt-1 accent-accent" />
          <span className="min-w-0">
            <span className="block font-medium">{roles(role)}</span>
            <span className="block text-xs text-text-2">{t(`roleMeaning.${role}`)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
