// Package nativemem is the door to the native heap of a process: glibc's arenas, their
// chunks, what malloc_trim would give back, and blocks that no pointer reaches.
//
// It owns finding main_arena by its own invariants and walking every chunk. It refuses
// other allocators by name, and to give a number where the walk does not close.
package nativemem
