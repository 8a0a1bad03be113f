// Package bootpage writes what a boot costs as one HTML file: an icicle and a
// treemap of the requires, and the tables beside them.
//
// It owns the title and the words for viewers that run no script. It refuses to
// lay out what the client lays out (web/src/boot), and to compute.
package bootpage

import (
	_ "embed"
	"io"
	"strings"

	"culprit"
	"culprit/internal/present/page"
	"culprit/internal/present/style"
	"culprit/internal/present/whole"
)

//go:embed plain.html
var plainText string

// most is how many gems are told to viewers that run no script.
const most = 20

// Write writes b to w as one HTML file.
func Write(w io.Writer, b culprit.Boot) error {
	data, err := page.Inline(whole.Of(b))
	if err != nil {
		return err
	}
	total := b.TotalBytes
	plain := struct {
		App, Total, Entry, Env, Ruby string
		Gems                         []string
		Circumstances                []culprit.Circumstance
	}{App: b.App, Total: style.Bytes(total), Entry: b.Entry, Env: b.Env, Ruby: b.Ruby, Circumstances: b.Circumstances}
	for _, g := range b.Gems[:min(len(b.Gems), most)] {
		plain.Gems = append(plain.Gems, strings.TrimSpace(g.Name+" "+g.Version)+": "+style.Bytes(g.Bytes))
	}
	text, err := page.Plainly(plainText, plain)
	if err != nil {
		return err
	}
	return page.Write(w, page.Page{
		Client: page.Boot(), Title: "Boot of " + b.App + ": " + style.Bytes(total) + " - culprit", Data: data, Plain: text,
	})
}
