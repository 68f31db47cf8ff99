/** Joins class names; of two Tailwind classes for one property the later wins. */
import { clsx } from "clsx";
import type { ClassValue } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

const merge = extendTailwindMerge({
  extend: { classGroups: { "font-size": [{ text: ["2xs", "xs", "sm", "base", "lg", "xl", "2xl", "3xl"] }] } },
});

export function cn(...classes: ClassValue[]): string {
  return merge(clsx(classes));
}
