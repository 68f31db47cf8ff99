import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { SheetScreen } from "@/components/transactions/sheet/sheet-screen";
import { ID_PATTERN } from "@/server/contracts/limits";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../../session";

interface PageProps {
  params: Promise<{ txId: string }>;
}

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: decodeURIComponent((await params).txId) };
}

export default async function TransactionPage({ params }: PageProps) {
  const operator = await requireOperator();
  const txId = decodeURIComponent((await params).txId);
  const sheet = ID_PATTERN.test(txId) ? await getRuntime().reads.sheet(txId, operator) : null;
  if (sheet === null) notFound();
  return <SheetScreen operator={operator} {...sheet} />;
}
