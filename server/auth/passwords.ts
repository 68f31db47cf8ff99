/** Passwords that are made here, shown once, and kept nowhere but as a hash. */
import { randomBytes } from "node:crypto";

/** 100 bits without the letters people mix up. */
export function randomPassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  let password = "";
  while (password.length < 18) {
    for (const byte of randomBytes(24)) {
      if (byte < alphabet.length * 4 && password.length < 18) password += alphabet[byte % alphabet.length];
    }
  }
  return password;
}
