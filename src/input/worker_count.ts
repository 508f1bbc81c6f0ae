/** Threads for agents at most: more would only cost memory. Imports nothing: every command reads it. */
export const workersMax = 256;
