package ingest

import (
	"fmt"
	"testing"
)

func TestFoldPath(t *testing.T) {
	cases := map[string]string{
		"/":                        "/",
		"/users/17":                "/users/:id",
		"/users/17.json":           "/users/:id",
		"/users/17-alice/edit?x=1": "/users/:id/edit",
		"/api/v2/graphql":          "/api/v2/graphql",
		"/b/2ac7efc6-6660-4b11-a1ca-a276698bdbdf": "/b/:id",
		"/commits/deadbeef01":                     "/commits/:id",
		"/stats/2024-05-06":                       "/stats/:date",
		"/posts/how-to-find-a-memory-leak":        "/posts/:slug",
		"/users/sign-in":                          "/users/sign-in",
		"/reports/facade":                         "/reports/facade",
		"//double//slash/":                        "/double/slash",
		"/u/me%40example.org":                     "/u/:slug",
	}
	for in, want := range cases {
		tree := newRouteTree()
		if got := tree.name(tree.add([]byte(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// A place with many different words is a slug, also for the words that came
// before that was known; its siblings elsewhere are left alone.
func TestManyWordsAreSlugs(t *testing.T) {
	tree := newRouteTree()
	first := tree.add([]byte("/shops/alpha/items"))
	for i := range 300 {
		tree.add(fmt.Appendf(nil, "/shops/word%c%c/items", 'a'+i%26, 'a'+i/26%26))
	}
	about := tree.add([]byte("/about/team"))
	if got := tree.name(first); got != "/shops/:slug/items" {
		t.Errorf("got %s", got)
	}
	if got := tree.name(about); got != "/about/team" {
		t.Errorf("got %s", got)
	}
}
