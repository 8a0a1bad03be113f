// Package arch keeps the house in shape: the floor plan in plan.txt, the
// capabilities that imports alone do not show, sizes, package comments, and the
// promises that documents make about paths. It runs as an ordinary test.
//
// It owns the rules and the reader of their notation. It refuses to be imported
// by anything, and it knows nothing of what the rooms do.
package arch
