/**
 * Who signed a body: HMAC-SHA256 over its bytes as they came, compared in constant time. It cannot tell a body that was sent
 * before from a new one: deduplication does.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { SIGNATURE_PATTERN } from "../contracts/payments.ts";

export function isSignedBy(secret: string, bytes: Uint8Array, signature: string | undefined): boolean {
  const [, hex] = SIGNATURE_PATTERN.exec(signature ?? "") ?? [];
  if (hex === undefined) return false;
  return timingSafeEqual(createHmac("sha256", secret).update(bytes).digest(), Buffer.from(hex, "hex"));
}
