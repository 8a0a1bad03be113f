package main

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// archs are the machines a table can be of, as Go calls them.
var archs = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// structs reads the layouts of the wanted structs from a file's DWARF, and for
// which machine the file is.
func structs(name string, wanted []string) (arch string, found map[string]layout, err error) {
	f, err := elf.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	arch, ok := archs[f.Machine]
	if !ok {
		return "", nil, fmt.Errorf("is for %s, neither x86-64 nor arm64", f.Machine)
	}
	d, err := f.DWARF()
	if err != nil {
		return "", nil, err
	}
	found, err = layouts(d, wanted)
	return arch, found, err
}

// layouts walks the units. A struct may stand in several, and as a bare
// declaration in others.
func layouts(d *dwarf.Data, wanted []string) (map[string]layout, error) {
	found := map[string]layout{}
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil || e == nil {
			return found, err
		}
		if e.Tag == dwarf.TagCompileUnit || e.Tag == 0 {
			continue
		}
		r.SkipChildren()
		name, _ := e.Val(dwarf.AttrName).(string)
		if !names(e.Tag) || found[name].Fields != nil || !slices.Contains(wanted, name) {
			continue
		}
		t, err := d.Type(e.Offset)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if s, ok := bare(t).(*dwarf.StructType); ok && !s.Incomplete {
			found[name] = flatten(s)
		}
	}
}

// names tells whether an entry can give a struct its name.
func names(t dwarf.Tag) bool {
	return t == dwarf.TagStructType || t == dwarf.TagUnionType || t == dwarf.TagTypedef
}

// bare takes typedefs, const and volatile off a type.
func bare(t dwarf.Type) dwarf.Type {
	for {
		switch u := t.(type) {
		case *dwarf.TypedefType:
			t = u.Type
		case *dwarf.QualType:
			t = u.Type
		default:
			return t
		}
	}
}

// flatten lists a struct's fields and those of its members.
func flatten(s *dwarf.StructType) layout {
	l := layout{Size: s.Size(), Fields: map[string]int64{}, Bits: map[string][2]int64{}, Arrays: map[string][2]int64{}}
	l.members(s, "", 0)
	return l
}

// members adds what is in a struct or union that begins at base. A member without
// a name lends its members to the struct around it. The insides of the C library's
// types, which begin with two underscores, are left out.
func (l layout) members(s *dwarf.StructType, prefix string, base int64) {
	for _, f := range s.Field {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		at, low := place(f)
		if f.Name == "" {
			l.inside(f.Type, strings.TrimSuffix(prefix, "."), base+at)
			continue
		}
		name := prefix + f.Name
		l.Fields[name] = base + at
		if f.BitSize > 0 {
			l.Bits[name] = [2]int64{low, f.BitSize}
		}
		l.inside(f.Type, name, base+at)
	}
}

// inside adds what is in a member: a struct, a union or an array of something.
func (l layout) inside(t dwarf.Type, name string, at int64) {
	switch t := bare(t).(type) {
	case *dwarf.StructType:
		if name != "" {
			name += "."
		}
		l.members(t, name, at)
	case *dwarf.ArrayType:
		if t.Count > 1 {
			l.Arrays[name] = [2]int64{t.Count, t.Type.Size()}
		}
		l.inside(t.Type, name+"[]", at)
	}
}

// place is the offset of a field in its struct. Of a bit field it is that of the
// unit, which is as large as the field's type and aligned to it, and the field's
// lowest bit there. Before DWARF 5, gcc counts bits from the unit's highest.
func place(f *dwarf.StructField) (at, low int64) {
	switch {
	case f.BitSize == 0:
		return f.ByteOffset, 0
	case f.ByteSize > 0:
		return f.ByteOffset, f.ByteSize*8 - f.BitOffset - f.BitSize
	}
	bits := max(f.Type.Size(), 1) * 8
	return f.DataBitOffset / bits * bits / 8, f.DataBitOffset % bits
}
