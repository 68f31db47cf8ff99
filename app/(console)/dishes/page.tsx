import type { Metadata } from "next";
import { getLocale, getTranslations } from "next-intl/server";
import { firstScreen } from "@/components/dishes/dish-table";
import { DishesScreen } from "@/components/dishes/dishes-screen";
import { readQuery } from "@/components/dishes/query";
import type { Locale } from "@/server/contracts/console";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

/** What the tallest screen shows at once; the rest comes by the socket. */
const FIRST_ROWS = 40;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("dishList"))("title") };
}

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function DishesPage({ searchParams }: PageProps) {
  const operator = await requireOperator();
  const { overview, dishes } = await getRuntime().reads.dishes();
  const given = await searchParams;
  const query = readQuery({ get: (name) => [given[name]].flat()[0] ?? null });
  const first = firstScreen(dishes, query, (await getLocale()) as Locale, FIRST_ROWS);
  return <DishesScreen operator={operator} overview={overview} first={first} />;
}
