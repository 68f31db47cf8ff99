/**
 * The small types every body is made of. They check shape only: whether a dish exists is the engine's to say.
 */
import { z } from "zod";
import { Cursor } from "./cursor.ts";
import {
  CENTS_MAX,
  ID_PATTERN,
  NAME_LENGTH_MAX,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  QUANTITY_MAX,
  REASON_LENGTH_MAX,
  SEARCH_LENGTH_MAX,
} from "./limits.ts";

export const Id = z
  .string()
  .regex(ID_PATTERN, "must be 1 to 64 characters of A-Z a-z 0-9 _ . : -")
  .describe("1 to 64 characters of A-Z a-z 0-9 _ . : -");

export const Quantity = z.int().min(1).max(QUANTITY_MAX).describe("Portions.");

export const Cents = z.int().min(0).max(CENTS_MAX).describe("Hundredths of the currency's unit.");

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what it looks for
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;

/** Whether Postgres can keep it. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Text for people. NUL cannot be stored, half a surrogate pair is no character: both are refused here. */
function text(lengthMax: number) {
  return z
    .string()
    .min(1)
    .max(lengthMax)
    .refine((value) => value.trim() !== "", "must not be blank")
    .refine(isStorable, "must be text without NUL characters");
}

export const Reason = text(REASON_LENGTH_MAX).describe("Why, in the words of whoever did it.");
export const Name = text(NAME_LENGTH_MAX);
export const Names = z.strictObject({ en: Name, "zh-CN": Name });

/** An instant, in UTC with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 }).describe("An instant: ISO 8601, UTC, milliseconds.");

/**
 * A number that came as text: in a query or a header. Exponents, signs, blanks and hexadecimal are not numbers here.
 * `documented` is what the OpenAPI document says of it.
 */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,12}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ documented: { type: "integer", minimum: min, maximum: max } });
}

export const PageQuery = {
  limit: wholeNumber(1, PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT).describe("Rows on the page; 100 when absent."),
  cursor: Cursor.optional().describe("`nextCursor` of the page before. Opaque."),
};

export const Search = text(SEARCH_LENGTH_MAX);

export const NextCursor = z.string().nullable().describe("Null on the last page.");
