import type { Metadata } from "next";
import { getLocale } from "next-intl/server";
import { notFound } from "next/navigation";
import { cache } from "react";
import { DishScreen } from "@/components/dishes/dish-screen";
import type { Locale } from "@/server/contracts/console";
import { dishOfRoom, dishRoomName } from "@/server/contracts/socket-events";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../../session";

interface PageProps {
  params: Promise<{ dishId: string }>;
}

/** Read once a request. Null for what is no id, and for a dish that does not exist. */
const readPage = cache(async (sent: string) => {
  const dishId = dishOfRoom(dishRoomName(decodeURIComponent(sent)));
  return dishId === null ? null : getRuntime().reads.dish(dishId);
});

export async function generateMetadata(props: PageProps): Promise<Metadata> {
  await requireOperator();
  const read = await readPage((await props.params).dishId);
  return read === null ? {} : { title: read.page.card.names[(await getLocale()) as Locale] };
}

export default async function DishPage(props: PageProps) {
  const operator = await requireOperator();
  const read = await readPage((await props.params).dishId);
  if (read === null) notFound();
  return <DishScreen operator={operator} {...read} />;
}
