// Command genlayout writes where Ruby keeps the fields of its structs, from the
// debugging information of a Ruby that was built for it. The structs are private
// to Ruby's C files: no header tells them.
//
// It owns the list of structs and the form of the table. It refuses to build Ruby
// (scripts/layouts.sh does that) and to know what a field means.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "genlayout:", err)
		os.Exit(1)
	}
}

type options struct {
	source, write string
	objects       []string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("genlayout", flag.ContinueOnError)
	f.StringVar(&o.source, "source", "", "version of the Ruby that the objects are of, as 3.1.2")
	f.StringVar(&o.write, "write", "", "write the table to this file")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.objects = f.Args()
	if len(o.objects) == 0 {
		return o, errors.New("no object files: give the .o files of a built Ruby, or a binary")
	}
	return o, nil
}

func run(args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	t, err := newTable(o.source)
	if err != nil {
		return err
	}
	for _, name := range o.objects {
		if err := t.read(name, wanted); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	t.close(wanted)
	if o.write == "" {
		return t.print(out)
	}
	return t.save(o.write)
}
