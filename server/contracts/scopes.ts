/**
 * What an API key may be allowed to do. A route names one scope; a key has any set of them.
 */
export const SCOPES = ["orders", "stock", "observe"] as const;

export type Scope = (typeof SCOPES)[number];
