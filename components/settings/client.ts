/** Calls of the settings. */
import type { SettingsPage } from "@/server/contracts/settings";
import { call, post } from "../console-client";

export const readSettings = (signal: AbortSignal): Promise<SettingsPage> => call("/api/console/settings", { signal });

export const changePassword = (current: string, next: string) => call<{ changed: true }>("/api/console/settings/password", { method: "POST", body: { current, next } });

export const allowSelfApproval = (actionKey: string, allowed: boolean, reason: string) => post<{ allowed: boolean }>("/api/console/settings/self-approval", actionKey, { allowed, reason });
