/** Calls of operators and API keys: an admin's. */
import type { Role } from "@/server/contracts/console";
import type { KeyResult, KeyVerb, OperatorResult, OperatorsPage, OperatorVerb } from "@/server/contracts/operators";
import type { Scope } from "@/server/contracts/scopes";
import { call, post } from "../console-client";

const OPERATORS = "/api/console/operators";
const KEYS = "/api/console/keys";

/** What is not said is left out. */
const because = (reason: string) => (reason === "" ? {} : { reason });

export const readOperators = (signal: AbortSignal): Promise<OperatorsPage> => call(OPERATORS, { signal });

export const createOperator = (actionKey: string, operator: { name: string; email: string; role: Role }, reason: string) => post<OperatorResult>(OPERATORS, actionKey, { ...operator, ...because(reason) });

export const setRole = (operatorId: string, actionKey: string, role: Role, reason: string) => post<OperatorResult>(`${OPERATORS}/${encodeURIComponent(operatorId)}/role`, actionKey, { role, ...because(reason) });

export const actOnOperator = (operatorId: string, verb: OperatorVerb, actionKey: string, reason: string) => post<OperatorResult>(`${OPERATORS}/${encodeURIComponent(operatorId)}/${verb}`, actionKey, because(reason));

export const createKey = (actionKey: string, key: { name: string; scopes: Scope[]; ratePerSecond: number | null }, reason: string) => post<KeyResult>(KEYS, actionKey, { ...key, ...because(reason) });

export const actOnKey = (keyId: string, verb: KeyVerb, actionKey: string, reason: string) => post<KeyResult>(`${KEYS}/${encodeURIComponent(keyId)}/${verb}`, actionKey, because(reason));
