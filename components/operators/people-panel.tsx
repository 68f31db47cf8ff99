"use client";
/** Operators: who they are, what they may, whether they are signed in, and what can be done about it. */
import { Ban, Check, UserPlus } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useRef, useState } from "react";
import type { OperatorRow, OperatorVerb } from "@/server/contracts/operators";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { MenuItem } from "../ui/menu";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useListKeys } from "../ui/use-list-keys";
import { AddOperatorDialog, OperatorVerbDialog, RoleDialog } from "./operator-dialogs";
import { RowActs } from "./row-acts";

type Open = { what: "add" } | { what: "role" | OperatorVerb; operator: OperatorRow };

interface PeoplePanelProps {
  operators: readonly OperatorRow[];
  own: string;
  stale: boolean;
  onChanged(): void;
}

export function PeoplePanel({ operators, own, stale, onChanged }: PeoplePanelProps) {
  const t = useTranslations("operators");
  const [open, setOpen] = useState<Open | null>(null);
  const body = useRef<HTMLDivElement>(null);
  useListKeys({ body, length: operators.length });
  // What a dialog says would happen is of now, not of when somebody opened it.
  const show = (next: Open) => {
    setOpen(next);
    onChanged();
  };
  const now = (operator: OperatorRow) => operators.find(({ operatorId }) => operatorId === operator.operatorId) ?? operator;
  const close = { returnFocusTo: "add-operator", onChanged, onClose: () => setOpen(null) };
  return (
    <Panel
      id="people"
      className="@container min-h-64"
      stale={stale}
      title={t("title")}
      note={t("count", { count: operators.filter(({ disabledAtMs }) => disabledAtMs === null).length })}
      tools={
        <Button id="add-operator" size="sm" onClick={() => show({ what: "add" })}>
          <UserPlus aria-hidden className="size-3.5" />
          {t("add.open")}
        </Button>
      }
    >
      <Table
        ref={body}
        labelledBy="people-title"
        headClassName="[&>th]:text-left"
        head={
          <>
            <th scope="col" className="pl-4!">{t("name")}</th>
            <th scope="col" className="w-[28%]">{t("email")}</th>
            <th scope="col" className="w-24">{t("role")}</th>
            <th scope="col" className="hidden w-40 @2xl:table-cell">{t("signedIn")}</th>
            <th scope="col" className="hidden w-18 text-right! @3xl:table-cell">{t("tickets")}</th>
            <th scope="col" className="w-14 pr-4!"><span className="sr-only">{t("actions")}</span></th>
          </>
        }
      >
        {operators.map((operator, index) => (
          <Person key={operator.operatorId} operator={operator} index={index} isOwn={operator.operatorId === own} onOpen={(what) => show({ what, operator })} />
        ))}
      </Table>
      {open?.what === "add" && <AddOperatorDialog {...close} />}
      {open?.what === "role" && <RoleDialog {...close} operator={now(open.operator)} />}
      {open !== null && open.what !== "add" && open.what !== "role" && <OperatorVerbDialog {...close} operator={now(open.operator)} verb={open.what} />}
    </Panel>
  );
}

function Person({ operator, index, isOwn, onOpen }: { operator: OperatorRow; index: number; isOwn: boolean; onOpen(what: "role" | OperatorVerb): void }) {
  const t = useTranslations("operators");
  const roles = useTranslations("shell.roles");
  const format = useFormatter();
  const { operatorId, name, email, role, disabledAtMs, sessions, seenAtMs, tickets } = operator;
  const verbs: ("role" | OperatorVerb)[] = disabledAtMs === null ? ["role", "reset-password", "disable"] : ["enable"];
  return (
    <tr data-index={index} data-testid={`operator-${email}`} data-role={role} className={cn(ROW, disabledAtMs !== null && "text-text-3")}>
      <td className="truncate py-1.5! pl-4!">
        <span className="font-medium">{name}</span> {isOwn && <span className="text-2xs text-text-3">{t("you")}</span>}
      </td>
      <td className="truncate text-xs" title={email}>{email}</td>
      <td>{disabledAtMs === null ? roles(role) : <Badge tone="danger" icon={Ban}>{t("disabled")}</Badge>}</td>
      <td className="figures hidden truncate text-xs @2xl:table-cell">
        {sessions > 0 ? (
          <span className="inline-flex items-center gap-1 text-text-2" title={seenAtMs === null ? undefined : t("since", { time: format.dateTime(seenAtMs, "moment") })}>
            <Check aria-hidden className="size-3.5 text-ok" />
            {t("sessions", { sessions })}
          </span>
        ) : (
          <span className="text-text-3">{t("notSignedIn")}</span>
        )}
      </td>
      <td className="figures hidden text-right @3xl:table-cell">{tickets > 0 ? format.number(tickets) : <span className="text-text-3">–</span>}</td>
      <RowActs name={name} testId={`acts-${email}`}>
        {!isOwn && verbs.map((verb) => <MenuItem key={verb} onSelect={() => onOpen(verb)}>{t(verb === "role" ? "setRole.open" : `${verb}.open`)}</MenuItem>)}
        <MenuItem asChild><Link href={`/audit?actor=${encodeURIComponent(operatorId)}`} prefetch={false}>{t("whatTheyDid")}</Link></MenuItem>
        {isOwn && <MenuItem asChild><Link href="/settings" prefetch={false}>{t("ownSettings")}</Link></MenuItem>}
      </RowActs>
    </tr>
  );
}
