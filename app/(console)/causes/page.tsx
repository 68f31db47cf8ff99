import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { CausesScreen } from "@/components/causes/causes-screen";
import { readCauses } from "@/server/console/bulk/causes";
import { readBulks } from "@/server/console/bulk/lists";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("causes"))("title") };
}

export default async function CausesPage() {
  const operator = await requireOperator();
  const { board, prisma } = getRuntime();
  const [causes, bulks] = await Promise.all([readCauses(prisma), readBulks(prisma)]);
  return <CausesScreen operator={operator} overview={board.overview.snapshot()} causes={causes} bulks={bulks} />;
}
