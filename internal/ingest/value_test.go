package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func TestFoldValue(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"per_page", "100", "100"},
		{"per_page", "50000", "about 2^16"},
		{"locale", "fr", "fr"},
		{"sort", "created_at:desc", "created_at:desc"},
		{"q", "", "(blank)"},
		{"ids", "[1, 2]", ""},
		{"states", "[]", "(no items)"},
		{"states", `["open", "closed", "late"]`, "about 2^2 items"},
		{"id", "17", ""},
		{"user_id", "17", ""},
		{"filter.account_id", "17", ""},
		{"userId", "17", ""},
		{"email", "ann", ""},
		{"contact", "ann@example.org", ""},
		{"contact", "ann%40example.org", ""},
		{"ip", "10.11.12.13", ""},
		{"phone", "0151-2345678", ""},
		{"card", "4111 1111 1111 1111", ""},
		{"reset_password_token", "abcdef", ""},
		{"authenticity_token", "abcdef", ""},
		{"text", strings.Repeat("free text ", 10), ""},
		{"blob", "{...}", ""},
	} {
		if got := foldValue([]byte(c.key), []byte(c.value)); got != c.want {
			t.Errorf("%s=%s: %q, want %q", c.key, c.value, got, c.want)
		}
	}
}

// FuzzFoldValue holds what no value may do: name a person, or be long.
func FuzzFoldValue(f *testing.F) {
	for _, s := range []string{"fr", "100", "ann@example.org", "ann%40example.org", "1.2.3.4", "4111111111111111", "[1,2]", "{}", "\xff\x00", "2026-01-01"} {
		f.Add("key", s)
		f.Add("user_id", s)
		f.Add("a.b.email", s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		got := foldValue([]byte(key), []byte(value))
		digits := 0
		for _, c := range []byte(got) {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if strings.ContainsAny(got, "@") || strings.Contains(got, "%40") || digits >= 7 || len(got) > maxValueLen {
			t.Errorf("%q=%q is shown as %q", key, value, got)
		}
		if got != "" && isIDKey([]byte(key)) {
			t.Errorf("the id %q=%q is shown as %q", key, value, got)
		}
	})
}

// A parameter with many values is free text: none of them is a dimension, not
// even those that came first.
func TestManyValuesAreNoDimension(t *testing.T) {
	d := newDictionary()
	ep := d.named("endpoint", "Items#index")
	for i := range maxValues + 20 {
		word := string([]byte{'a' + byte(i%26), 'a' + byte(i/26)})
		var dims []dim
		if d.value(ep, "param:q", word) {
			dims = append(dims, dim{"param:q", word})
		}
		if d.value(ep, "param:sort", fmt.Sprint("s", i%3)) {
			dims = append(dims, dim{"param:sort", fmt.Sprint("s", i%3)})
		}
		d.labels[d.label(ep, dims)].calls += 10
	}
	for _, s := range d.roster().Suspects {
		if s.Key == "param:q" {
			t.Errorf("%+v is a suspect", s)
		}
	}
	if n := len(d.roster().Suspects); n != 4 {
		t.Errorf("%d suspects, want the endpoint and three sort orders", n)
	}
}

// What names people and tokens never becomes a suspect, whatever notation it
// comes in.
func TestNobodyIsADimension(t *testing.T) {
	line := func(i int) string {
		return railsLine(i, "web1", 13, "/items", fmt.Sprintf(`{"contact"=>"ann%d@example.org", "user"=>{"name"=>"Ann", "email"=>"ann@example.org"}, `+
			`"session_token"=>"s3cr3t", "account_id"=>"%d", "api"=>{"key_id"=>"k"}, "ip"=>"10.1.2.3", "phone"=>"+49 151 2345678", "locale"=>"fr"}`, i%3, i%2))
	}
	d := docket(t, map[string]string{"web1/production.log": told(40, line)}, Options{})
	found := false
	for _, s := range d.Case.Roster.Suspects {
		found = found || s.Value == "fr"
		for _, bad := range []string{"@", "ann", "Ann", "s3cr3t", "10.1.2.3", "151"} {
			if strings.Contains(s.Name+s.Value, bad) {
				t.Errorf("suspect %+v", s)
			}
		}
		if strings.HasSuffix(s.Key, "_id") || strings.HasSuffix(s.Key, "token") {
			t.Errorf("suspect %+v", s)
		}
	}
	if !found {
		t.Error("the locale is no suspect")
	}
}
