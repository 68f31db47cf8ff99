import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { OperatorsScreen } from "@/components/operators/operators-screen";
import { readOperators } from "@/server/console/operators/reads";
import { roleIncludes } from "@/server/contracts/console";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("operators"))("title") };
}

export default async function OperatorsPage() {
  const operator = await requireOperator();
  const { board, prisma, config } = getRuntime();
  const first = roleIncludes(operator.role, "admin") ? await readOperators(prisma, config.rateLimitPerSecond) : null;
  return <OperatorsScreen key={operator.role} operator={operator} overview={board.overview.snapshot()} first={first} />;
}
