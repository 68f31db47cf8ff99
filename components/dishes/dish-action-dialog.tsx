"use client";
/**
 * Restock, write off, pause or resume: what it would leave is shown beforehand and follows the live figures, a wrong field says
 * what is wrong with it.
 */
import { ArrowRight, CircleAlert } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useId, useState } from "react";
import type { FormEvent } from "react";
import { quantityFault, stockAfter } from "@/server/contracts/dish-page";
import type { DishVerb, FieldFault, Stock } from "@/server/contracts/dish-page";
import { QUANTITY_MAX, REASON_LENGTH_MAX } from "@/server/contracts/limits";
import { actOnDish, ConsoleError } from "../console-client";
import { useFailure } from "../console-failure";
import { useNames } from "../overview/names";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Dialog } from "../ui/dialog";
import { Notice } from "../ui/notice";
import { useToast } from "../ui/toast";
import { useAct } from "../use-act";
import { useDishPage } from "./dish-screen";

type AskedVerb = Exclude<DishVerb, "reload-cells">;

interface Faults {
  quantity?: FieldFault;
  reason?: FieldFault;
}

interface DishActionDialogProps {
  verb: AskedVerb;
  returnFocusTo: string;
  onClose(): void;
}

export function DishActionDialog({ verb, returnFocusTo, onClose }: DishActionDialogProps) {
  const t = useTranslations("dishPage");
  const sentenceOf = useFailure();
  const names = useNames();
  const toast = useToast();
  const form = useId();
  const dish = useDishPage((view) => view.dish);
  const stock: Stock = { ...dish, onSale: dish.mood !== "paused" };
  const counts = verb === "restock" || verb === "write-off";
  const { busy, failure, perform } = useAct();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [faults, setFaults] = useState<Faults>({});
  const portions = typed.trim() === "" ? Number.NaN : Number(typed);
  const fault = counts ? quantityFault(verb, portions, stock) : null;
  // What is typed is judged as it is typed; that nothing is typed only when it is sent.
  const quantityShown = typed === "" ? faults.quantity : (fault ?? faults.quantity);
  const { dishId } = dish.card;

  const send = async (event: FormEvent) => {
    event.preventDefault();
    const found: Faults = {};
    if (typed.trim() === "" && counts) found.quantity = "REQUIRED";
    else if (fault !== null) found.quantity = fault;
    if (reason.trim() === "") found.reason = "REQUIRED";
    setFaults(found);
    if (found.quantity ?? found.reason) {
      document.getElementById(`${form}-${found.quantity ? "quantity" : "reason"}`)?.focus();
      return;
    }
    const failed = await perform(async (actionKey) => {
      await actOnDish(dishId, verb, actionKey, { ...(counts ? { quantity: portions } : {}), reason: reason.trim() });
      toast(t(`${verb}.done`, { portions: counts ? portions : 0 }), names.own(dish.card.names));
      onClose();
    });
    if (failed instanceof ConsoleError) setFaults({ ...faultOf("quantity", failed), ...faultOf("reason", failed) });
  };

  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={t(`${verb}.title`)}
      description={
        <>
          {names.own(dish.card.names)}
          <span className="px-1.5">·</span>
          {names.own(dish.card.storeNames)}
        </>
      }
      closeLabel={t("close")}
      footer={
        <>
          <Button kind="ghost" onClick={onClose} disabled={busy}>
            {t("keep")}
          </Button>
          <Button kind={verb === "write-off" || verb === "pause" ? "danger" : "primary"} type="submit" form={form} busy={busy} data-testid="act">
            {t(`${verb}.act`)}
          </Button>
        </>
      }
    >
      {failure !== null && !(failure instanceof ConsoleError && failure.fields.size > 0) && (
        <Notice className="mb-4">{sentenceOf(failure)}</Notice>
      )}
      <form id={form} noValidate onSubmit={(event) => void send(event)} className="space-y-4">
        {counts && (
          <Field id={`${form}-quantity`} label={t("quantity")} fault={quantityShown} available={stock.available}>
            {(described) => (
              <input
                {...described}
                autoFocus
                type="text"
                inputMode="numeric"
                autoComplete="off"
                value={typed}
                maxLength={9}
                onChange={(event) => {
                  setTyped(event.target.value);
                  setFaults(({ reason: other }) => (other === undefined ? {} : { reason: other }));
                }}
                className={cn(INPUT, "h-9 w-36 tabular-nums", quantityShown && "border-danger")}
              />
            )}
          </Field>
        )}
        <Field id={`${form}-reason`} label={t("reason")} fault={reason.trim() === "" ? faults.reason : undefined} available={0}>
          {(described) => (
            <textarea
              {...described}
              autoFocus={!counts}
              rows={2}
              value={reason}
              maxLength={REASON_LENGTH_MAX}
              onChange={(event) => setReason(event.target.value)}
              placeholder={t(`${verb}.reasonHint`)}
              className={cn(INPUT, "resize-none py-2", faults.reason && reason.trim() === "" && "border-danger")}
            />
          )}
        </Field>
        <Consequence verb={verb} stock={stock} after={counts ? (fault === null ? stockAfter(verb, portions, stock) : null) : stockAfter(verb, 0, stock)} />
      </form>
    </Dialog>
  );
}

const INPUT = "mt-1 block w-full rounded-md border border-line-strong bg-surface px-3 text-sm placeholder:text-text-3";

function faultOf(field: keyof Faults, { code, fields }: ConsoleError): Faults {
  const fault = fields.get(field) as FieldFault | undefined;
  if (fault !== undefined) return { [field]: fault };
  return field === "quantity" && code === "INSUFFICIENT_STOCK" ? { quantity: "MORE_THAN_AVAILABLE" } : {};
}

interface Described {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  id: string;
  label: string;
  fault: FieldFault | undefined;
  available: number;
  children(described: Described): React.ReactNode;
}

/** The line for what is wrong is always there, so that nothing moves when it is needed. */
function Field({ id, label, fault, available, children }: FieldProps) {
  const t = useTranslations("dishPage.faults");
  const format = useFormatter();
  return (
    <div>
      <label htmlFor={id} className="text-xs font-medium text-text-2">
        {label}
      </label>
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": fault === undefined ? undefined : `${id}-fault` })}
      <p id={`${id}-fault`} className="mt-1 flex min-h-4 items-center gap-1 text-xs text-danger">
        {fault !== undefined && (
          <>
            <CircleAlert aria-hidden className="size-3.5 shrink-0" />
            {t(fault, { max: format.number(QUANTITY_MAX), available: format.number(available) })}
          </>
        )}
      </p>
    </div>
  );
}

function Consequence({ verb, stock, after }: { verb: AskedVerb; stock: Stock; after: Stock | null }) {
  const t = useTranslations("dishPage");
  const counts = verb === "restock" || verb === "write-off";
  return (
    <section aria-label={t("consequence")} className="rounded-lg border" data-testid="consequence">
      <dl className="divide-y">
        {counts ? (
          <>
            <Change label={t("figures.left")} from={stock.available} to={after?.available ?? null} strong />
            <Change label={t("figures.supplied")} from={stock.supplied} to={after?.supplied ?? null} />
          </>
        ) : (
          <Change label={t("sale")} from={t(stock.onSale ? "onSale" : "offSale")} to={after === null ? null : t(after.onSale ? "onSale" : "offSale")} strong />
        )}
        <Change label={t("figures.held")} from={stock.frozen} to={stock.frozen} />
      </dl>
      <p className="border-t px-3 py-2 text-xs text-text-3">{t(`${verb}.after`, { held: stock.frozen })}</p>
    </section>
  );
}

function Change({ label, from, to, strong = false }: { label: string; from: number | string; to: number | string | null; strong?: boolean }) {
  const format = useFormatter();
  const text = (value: number | string) => (typeof value === "number" ? format.number(value) : value);
  return (
    <div className="flex items-center justify-between gap-4 px-3 py-2">
      <dt className="text-xs text-text-2">{label}</dt>
      <dd className="flex items-center gap-1.5">
        <span className="text-text-3">{text(from)}</span>
        <ArrowRight aria-hidden className="size-3 text-text-3" />
        <span className={cn("min-w-12 text-right", strong && "font-semibold")}>{to === null ? "–" : text(to)}</span>
      </dd>
    </div>
  );
}
