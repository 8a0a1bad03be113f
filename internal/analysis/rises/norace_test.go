//go:build !race

package rises

// nobodyWorlds is how many worlds without anybody guilty are made of each kind.
const nobodyWorlds = 60
