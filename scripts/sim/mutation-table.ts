/** The ways in which the engine is broken on purpose. */
import type { Mutation } from "./mutations.ts";
export const MUTATIONS: readonly Mutation[] = [];
