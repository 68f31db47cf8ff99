/** Who asks for a page. Every page calls this itself: a layout is not rendered again on each navigation. */
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import type { Operator } from "@/server/contracts/console";
import { getRuntime } from "@/server/runtime";

export const currentOperator = cache(async (): Promise<Operator | null> => {
  return getRuntime().reads.operator([...(await headers())]);
});

export async function requireOperator(): Promise<Operator> {
  const operator = await currentOperator();
  if (operator === null) redirect("/sign-in");
  return operator;
}
