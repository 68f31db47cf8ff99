"use client";
/** What an admin does to operators: add one, give another role, disable, enable, make another password. */
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ROLES, type Role } from "@/server/contracts/console";
import type { OperatorRow, OperatorVerb } from "@/server/contracts/operators";
import { ActDialog } from "./act-dialog";
import { actOnOperator, createOperator, setRole } from "./client";
import { RoleField, TextField } from "./fields";

interface DialogProps {
  returnFocusTo: string;
  onChanged(): void;
  onClose(): void;
}

export function AddOperatorDialog(props: DialogProps) {
  const t = useTranslations("operators");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setOwnRole] = useState<Role>("operator");
  return (
    <ActDialog
      {...props}
      title={t("add.title")}
      description={t("add.description")}
      act={t("add.act")}
      done={t("add.done")}
      consequences={[]}
      ready={name.trim() !== "" && /^[^\s@]+@[^\s@]+$/.test(email.trim())}
      refusals={{ ILLEGAL_STATE: t("emailTaken") }}
      run={async (actionKey, reason) => ({ what: t("password"), secret: (await createOperator(actionKey, { name: name.trim(), email: email.trim(), role }, reason)).password })}
    >
      <TextField label={t("name")} value={name} maxLength={80} autoFocus onChange={setName} />
      <TextField label={t("email")} type="email" value={email} maxLength={254} spellCheck={false} onChange={setEmail} />
      <RoleField value={role} onChange={setOwnRole} />
    </ActDialog>
  );
}

export function RoleDialog({ operator, ...props }: DialogProps & { operator: OperatorRow }) {
  const t = useTranslations("operators");
  const [role, setOwnRole] = useState<Role>(operator.role);
  const less = ROLES.indexOf(role) < ROLES.indexOf(operator.role);
  const consequences = [
    t("roleNow", { sessions: operator.sessions }),
    ...(less && role === "viewer" && operator.tickets > 0 ? [t("ticketsStay", { tickets: operator.tickets })] : []),
    ...(less && operator.bulks > 0 ? [t("bulksStop", { bulks: operator.bulks })] : []),
  ];
  return (
    <ActDialog
      {...props}
      title={t("setRole.title")}
      description={`${operator.name} · ${operator.email}`}
      act={t("setRole.act")}
      done={t("setRole.done")}
      danger={less}
      consequences={role === operator.role ? [] : consequences}
      ready={role !== operator.role}
      refusals={{ ILLEGAL_STATE: t("lastAdmin") }}
      run={async (actionKey, reason) => {
        await setRole(operator.operatorId, actionKey, role, reason);
        return null;
      }}
    >
      <RoleField value={role} onChange={setOwnRole} />
    </ActDialog>
  );
}

export function OperatorVerbDialog({ operator, verb, ...props }: DialogProps & { operator: OperatorRow; verb: OperatorVerb }) {
  const t = useTranslations("operators");
  const { name, email, sessions, tickets, bulks, operatorId } = operator;
  const consequences = {
    disable: [t("signedOut", { sessions }), t("cannotSignIn"), ...(tickets > 0 ? [t("ticketsStay", { tickets })] : []), ...(bulks > 0 ? [t("bulksStop", { bulks })] : []), t("staysInAudit")],
    enable: [t("mayAgain")],
    "reset-password": [t("oldPasswordDead"), t("signedOut", { sessions })],
  }[verb];
  return (
    <ActDialog
      {...props}
      title={t(`${verb}.title`)}
      description={`${name} · ${email}`}
      act={t(`${verb}.act`)}
      done={t(`${verb}.done`)}
      danger={verb === "disable"}
      consequences={consequences}
      ready
      refusals={{ ILLEGAL_STATE: t("lastAdmin") }}
      run={async (actionKey, reason) => {
        const { password } = await actOnOperator(operatorId, verb, actionKey, reason);
        return verb === "reset-password" ? { what: t("password"), secret: password } : null;
      }}
    />
  );
}
