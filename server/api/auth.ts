/**
 * Who is calling. It reads the header and asks the key list; it keeps nothing itself.
 */
import type { Scope } from "../contracts/scopes.ts";
import type { ApiKeyIdentity, ApiKeyVerifier } from "./ports.ts";
import { ApiError } from "./problem.ts";

/** `Bearer KEY`, or Basic with the key as password, for tools that only take a URL. */
export function keyFrom(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, space).toLowerCase();
  const credentials = authorization.slice(space + 1).trim();
  if (scheme === "bearer") return credentials;
  if (scheme !== "basic") return null;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** @throws ApiError UNAUTHENTICATED, FORBIDDEN, or UNAVAILABLE when the key list cannot be read. */
export async function authenticate(
  keys: ApiKeyVerifier,
  authorization: string | undefined,
  scope: Scope,
): Promise<ApiKeyIdentity> {
  const secret = keyFrom(authorization);
  if (!secret) throw new ApiError("UNAUTHENTICATED", "Send an API key: Authorization: Bearer KEY.");
  let identity: ApiKeyIdentity | null;
  try {
    const verified = keys.verify(secret);
    identity = verified instanceof Promise ? await verified : verified;
  } catch (cause) {
    throw new ApiError("UNAVAILABLE", "API keys cannot be read now.", { cause });
  }
  if (!identity) throw new ApiError("UNAUTHENTICATED", "This API key does not exist, or was revoked.");
  if (!identity.scopes.includes(scope)) {
    throw new ApiError("FORBIDDEN", `This API key lacks the scope "${scope}".`);
  }
  return identity;
}
