// Package whole makes values that JSON can hold.
//
// It owns that nothing is lost or refused on the way: nil lists become empty
// ones, numbers become finite, instants become UTC. It refuses to know what the
// values mean.
package whole

import (
	"math"
	"reflect"
	"time"

	"culprit"
)

// Of returns a deep copy of v that JSON can hold: nil slices and maps become
// empty ones, instants become UTC, an optional number that is not finite becomes
// nil, any other becomes culprit.Unknown.
func Of[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	fill(out, reflect.ValueOf(v))
	copied, _ := out.Interface().(T)
	return copied
}

// fill copies from into to, both of the same type.
func fill(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Struct:
		fillStruct(to, from)
	case reflect.Slice:
		list := reflect.MakeSlice(from.Type(), from.Len(), from.Len())
		for i := range from.Len() {
			fill(list.Index(i), from.Index(i))
		}
		to.Set(list)
	case reflect.Map:
		fillMap(to, from)
	case reflect.Pointer:
		if !from.IsNil() && finite(from.Elem()) {
			to.Set(reflect.New(from.Type().Elem()))
			fill(to.Elem(), from.Elem())
		}
	default:
		if !finite(from) {
			to.SetFloat(culprit.Unknown)
			return
		}
		to.Set(from)
	}
}

func fillStruct(to, from reflect.Value) {
	if t, ok := from.Interface().(time.Time); ok {
		// JSON has no years beyond 9999: such an instant is a misread one.
		if t = t.UTC(); !t.IsZero() && t.Year() >= 0 && t.Year() <= 9999 {
			to.Set(reflect.ValueOf(t))
		}
		return
	}
	for i := range from.NumField() {
		fill(to.Field(i), from.Field(i))
	}
}

func fillMap(to, from reflect.Value) {
	m := reflect.MakeMapWithSize(from.Type(), from.Len())
	for it := from.MapRange(); it.Next(); {
		v := reflect.New(from.Type().Elem()).Elem()
		fill(v, it.Value())
		m.SetMapIndex(it.Key(), v)
	}
	to.Set(m)
}

func finite(v reflect.Value) bool {
	if v.Kind() != reflect.Float64 && v.Kind() != reflect.Float32 {
		return true
	}
	return !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0)
}
