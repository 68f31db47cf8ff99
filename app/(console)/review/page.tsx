import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { ReviewScreen } from "@/components/review/review-screen";
import { readQueue } from "@/server/console/review/tickets";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("review"))("title") };
}

export default async function ReviewPage() {
  const operator = await requireOperator();
  const { board, prisma } = getRuntime();
  return <ReviewScreen operator={operator} overview={board.overview.snapshot()} first={await readQueue(prisma)} />;
}
