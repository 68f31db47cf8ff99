import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { OperatorsScreen } from "@/components/operators/operators-screen";
import { roleIncludes } from "@/server/contracts/console";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("operators"))("title") };
}

export default async function OperatorsPage() {
  const operator = await requireOperator();
  return <OperatorsScreen key={operator.role} operator={operator} {...await getRuntime().reads.operators(roleIncludes(operator.role, "admin"))} />;
}
