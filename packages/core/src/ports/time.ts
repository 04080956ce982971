/** An instant: milliseconds since 1970-01-01T00:00:00Z. Fields that hold one end in `At`. */
export type EpochMs = number;
