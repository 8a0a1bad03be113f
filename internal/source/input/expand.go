package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxDepth bounds recursion into folders: deeper trees are symlink loops or
// not a place for logs.
const maxDepth = 32

// Expand turns command line arguments into files: plain paths, folders
// (recursively, hidden entries skipped), patterns that the shell left alone,
// and "-". Rotated sets are ordered oldest first, whatever order they were
// given in; sets keep the order of their first appearance. The same file under
// two names is used once. What cannot be used is a Problem.
func Expand(args []string) (files []File, problems []Problem) {
	e := expander{seen: map[fileID]bool{}, seenPath: map[string]bool{}}
	for _, arg := range args {
		e.argument(arg)
	}
	dropFleetFolders(e.files)
	return orderRotated(e.files), e.problems
}

type expander struct {
	files    []File
	problems []Problem
	seen     map[fileID]bool
	seenPath map[string]bool
	stdin    bool
}

func (e *expander) problem(path string, err error, hint string) {
	e.problems = append(e.problems, Problem{Path: path, Err: err, Hint: hint})
}

func (e *expander) argument(arg string) {
	switch arg {
	case "-":
		if !e.stdin {
			e.stdin = true
			e.files = append(e.files, File{Path: "-", Name: "stdin", Size: -1, Stdin: true, pipe: true})
		}
		return
	case "":
		e.problem(`""`, fs.ErrNotExist, "an argument is empty; an unset variable?")
		return
	}
	if _, err := os.Lstat(arg); err == nil || !strings.ContainsAny(arg, "*?[") {
		e.path(arg, 0, true)
		return
	}
	matches, err := filepath.Glob(arg)
	if err != nil {
		e.problem(arg, err, "close the bracket, or quote the name")
		return
	}
	if len(matches) == 0 {
		e.problem(arg, ErrNoMatch, "check the folder and the pattern")
		return
	}
	for _, m := range matches {
		e.path(m, 0, !hidden(m))
	}
}

// path adds a file or walks a folder. Named tells that the user wrote this very
// path, so that silence would be wrong.
func (e *expander) path(path string, depth int, named bool) {
	fi, err := os.Stat(path)
	if err != nil {
		e.failed(path, err)
		return
	}
	if e.known(path, fi) {
		return
	}
	switch {
	case fi.IsDir():
		e.folder(path, depth, named)
	case fi.Mode().IsRegular():
		e.regular(path, fi, named)
	case !named: // a socket or pipe inside a folder: reading would hang
	case fi.Mode()&fs.ModeNamedPipe != 0:
		e.files = append(e.files, File{Path: path, Name: filepath.Base(path), Size: -1, ModTime: fi.ModTime(), HostHint: HostFromName(path), pipe: true})
	default:
		e.problem(path, ErrNotReadable, "give a file, a folder or a pipe")
	}
}

func (e *expander) folder(path string, depth int, named bool) {
	if depth > maxDepth {
		e.problem(path, fmt.Errorf("deeper than %d folders", maxDepth), "give the inner folder itself")
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		e.failed(path, err)
	}
	before := len(e.files) + len(e.problems)
	for _, entry := range entries {
		if !hidden(entry.Name()) {
			e.path(filepath.Join(path, entry.Name()), depth+1, false)
		}
	}
	if named && err == nil && len(e.files)+len(e.problems) == before {
		e.problem(path, fmt.Errorf("folder: %w", ErrEmpty), "no readable file in it; hidden files are skipped")
	}
}

func (e *expander) regular(path string, fi fs.FileInfo, named bool) {
	if fi.Size() == 0 && !isProc(path) {
		// Rotation leaves empty files behind: worth a word only when asked for.
		if named {
			e.problem(path, ErrEmpty, "just rotated? give the older files of the set, too")
		}
		return
	}
	compression, err := sniffFile(path)
	if err != nil {
		e.failed(path, err)
		return
	}
	e.files = append(e.files, File{
		Path: path, Name: trimCompression(filepath.Base(path)), Size: fi.Size(), ModTime: fi.ModTime(),
		Compression: compression, HostHint: HostFromName(path),
	})
}

func (e *expander) failed(path string, err error) {
	// The path stands in Problem.Path already; keep the cause.
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "check the spelling; paths are relative to the current folder"
		if fi, lerr := os.Lstat(path); lerr == nil && fi.Mode()&fs.ModeSymlink != 0 {
			hint = "the symbolic link points to nothing"
		}
	case errors.Is(err, fs.ErrPermission):
		hint = "copy the file, or run as a user who may read it (often group adm)"
	}
	e.problem(path, err, hint)
}

// known tells whether the file was seen under this or another name.
func (e *expander) known(path string, fi fs.FileInfo) bool {
	if id, ok := idOf(fi); ok {
		if e.seen[id] {
			return true
		}
		e.seen[id] = true
		return false
	}
	full := path
	if p, err := filepath.EvalSymlinks(path); err == nil {
		full = p
	}
	if p, err := filepath.Abs(full); err == nil {
		full = p
	}
	if e.seenPath[full] {
		return true
	}
	e.seenPath[full] = true
	return false
}

// isProc: files of /proc and /sys have size 0 and content.
func isProc(path string) bool {
	full, err := filepath.Abs(path)
	return err == nil && (strings.HasPrefix(full, "/proc/") || strings.HasPrefix(full, "/sys/"))
}

func hidden(path string) bool {
	base := filepath.Base(path)
	return len(base) > 1 && base[0] == '.' && base != ".."
}

func sniffFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	var head [magicLen]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return sniff(head[:n]), nil
}
