// Package input is the door to the file system: it expands paths, folders,
// globs and "-", opens plain, gzip, zstd, bzip2 and xz files by their magic
// bytes, orders rotated sets, and counts what was read for the progress line.
//
// It owns names and bytes. It refuses to know what a log is.
package input
