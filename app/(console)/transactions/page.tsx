import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { readFilters, searchOf } from "@/components/transactions/query";
import { TransactionsScreen } from "@/components/transactions/transactions-screen";
import { RowsQuery } from "@/server/contracts/transaction-page";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("txList"))("title") };
}

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function TransactionsPage({ searchParams }: PageProps) {
  const operator = await requireOperator();
  const given = await searchParams;
  const filters = readFilters({ get: (name) => [given[name]].flat()[0] ?? null });
  const query = RowsQuery.safeParse(Object.fromEntries(new URLSearchParams(searchOf(filters))));
  return <TransactionsScreen operator={operator} {...await getRuntime().reads.transactions(query.success ? query.data : {})} />;
}
