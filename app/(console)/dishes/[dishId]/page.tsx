import type { Metadata } from "next";
import { getLocale } from "next-intl/server";
import { notFound } from "next/navigation";
import { DishScreen } from "@/components/dishes/dish-screen";
import type { Locale } from "@/server/contracts/console";
import { dishOfRoom, dishRoomName } from "@/server/contracts/socket-events";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../../session";

interface PageProps {
  params: Promise<{ dishId: string }>;
}

/** Null for what is no id, and for a dish that does not exist. */
async function pageOf({ params }: PageProps) {
  const dishId = dishOfRoom(dishRoomName(decodeURIComponent((await params).dishId)));
  return dishId === null ? null : getRuntime().board.dishPages.open(dishId);
}

export async function generateMetadata(props: PageProps): Promise<Metadata> {
  await requireOperator();
  const page = await pageOf(props);
  return page === null ? {} : { title: page.room.snapshot().card.names[(await getLocale()) as Locale] };
}

export default async function DishPage(props: PageProps) {
  const operator = await requireOperator();
  const page = await pageOf(props);
  if (page === null) notFound();
  const { board } = getRuntime();
  return <DishScreen operator={operator} overview={board.overview.snapshot()} page={await page.fresh()} />;
}
