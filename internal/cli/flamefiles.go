package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"culprit/internal/heapfacts"
	"culprit/internal/present/heapflame"
)

// flameFiles are files of stacks, in the forms of several tools.
type flameFiles struct{ folded, speedscope, pprof string }

// flags gives a command their flags; when says when they count.
func (o *flameFiles) flags(cmd *cobra.Command, when string) {
	cmd.Flags().StringVar(&o.folded, "folded", "", when+"write folded stacks to a `file`")
	cmd.Flags().StringVar(&o.speedscope, "speedscope", "", when+"write a `file` for speedscope")
	cmd.Flags().StringVar(&o.pprof, "pprof", "", when+"write a `file` for go tool pprof")
}

// each visits those that were asked for.
func (o *flameFiles) each(visit func(path string, write func(io.Writer, heapfacts.Flame) error) error) error {
	for _, out := range []struct {
		path  string
		write func(io.Writer, heapfacts.Flame) error
	}{{o.folded, heapflame.Folded}, {o.speedscope, heapflame.Speedscope}, {o.pprof, heapflame.Pprof}} {
		if out.path != "" {
			if err := visit(out.path, out.write); err != nil {
				return err
			}
		}
	}
	return nil
}

// check makes sure that they have a place, before minutes are spent on what they hold.
func (o *flameFiles) check() error {
	return o.each(func(path string, _ func(io.Writer, heapfacts.Flame) error) error {
		if path == dash {
			return nil
		}
		info, err := os.Stat(filepath.Dir(path))
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder", filepath.Dir(path))
		}
		if at, serr := os.Stat(path); serr == nil && at.IsDir() {
			err = fmt.Errorf("%s is a folder", path)
		}
		if err != nil {
			return &hintError{fmt.Errorf("writing stacks: %w", err), "give the name of a file in a folder that exists"}
		}
		return nil
	})
}

// write writes them.
func (o *flameFiles) write(w World, tree heapfacts.Flame) error {
	return o.each(func(path string, write func(io.Writer, heapfacts.Flame) error) error {
		return w.create(path, func(f io.Writer) error { return write(f, tree) })
	})
}

// none tells whether none was asked for.
func (o *flameFiles) none() bool { return *o == flameFiles{} }
