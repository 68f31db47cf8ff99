import { TwoPanelsOutline } from "@/components/shell/outline";

export default function Loading() {
  return <TwoPanelsOutline />;
}
