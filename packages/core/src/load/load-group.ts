/** Targets whose files are loaded by one job: what comes together is seen together. */
export interface LoadGroup {
  readonly name: string;
  /** The targets in it, by name, in the order of their names: at least two. */
  readonly members: readonly string[];
}

/** As much of a target as says whose lane it has. */
interface Grouped {
  readonly name: string;
  readonly group?: LoadGroup;
}

/** The name of the lane that a target's files wait before: its own, or that of the first target of its group. */
export function laneNameOf({ name, group }: Grouped): string {
  return group?.members[0] ?? name;
}

/** The lane of a target by its name; of one that is not configured (any more) its own. */
export function laneOfTarget(targets: ReadonlyMap<string, Grouped>, target: string): string {
  const definition = targets.get(target);
  return definition === undefined ? target : laneNameOf(definition);
}
