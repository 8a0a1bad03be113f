//go:build race

package rises

// nobodyWorlds: the race detector makes each of them slow.
const nobodyWorlds = 12
