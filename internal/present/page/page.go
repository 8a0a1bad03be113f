// Package page is the frame of every HTML file that culprit writes: one file
// that needs nothing else, no network, no server, no other file.
//
// It owns the clients (scripts and styles built from web/, embedded), the data
// as inert JSON, and a policy that lets nothing else run or load. It refuses to
// know what the data says.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
)

//go:embed assets/app.js
var reportScript string

//go:embed assets/index.css
var reportSheet string

//go:embed assets/boot.js
var bootScript string

//go:embed assets/boot.css
var bootSheet string

//go:embed assets/heap.js
var heapScript string

//go:embed assets/heap.css
var heapSheet string

//go:embed assets/explore.js
var exploreScript string

//go:embed assets/explore.css
var exploreSheet string

//go:embed frame.html
var frame string

// Client is a script with its style, and the id of the element it reads.
type Client struct {
	script, sheet, id string
	// connects: it asks the server that it came from.
	connects bool
}

// Report is the client of an investigation's report.
func Report() Client { return Client{script: reportScript, sheet: reportSheet, id: "culprit-report"} }

// Boot is the client of a boot's memory.
func Boot() Client { return Client{script: bootScript, sheet: bootSheet, id: "culprit-boot"} }

// Heap is the client of what a heap dump holds, and of what stayed between dumps.
func Heap() Client { return Client{script: heapScript, sheet: heapSheet, id: "culprit-heap"} }

// Explorer is the client of a served heap dump.
func Explorer() Client {
	return Client{script: exploreScript, sheet: exploreSheet, id: "culprit-explore", connects: true}
}

// Policy is the content security policy of a file: its own script and style by
// their hashes, and nothing else from anywhere.
func (c Client) Policy() string {
	policy := "default-src 'none'; script-src '" + hash(c.script) + "'; style-src '" + hash(c.sheet) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
	if c.connects {
		policy += "; connect-src 'self'"
	}
	return policy
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Page is one file.
type Page struct {
	Client Client
	Title  string
	// Data is JSON safe inside of a script element, as Inline makes it.
	Data []byte
	// Plain is what viewers see that run no script, made by a template.
	Plain template.HTML
}

// Inline writes v as JSON on one line, safe inside of a script element: "<",
// ">", "&" and the line separators are escaped.
func Inline(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(true)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Plainly fills a template for viewers that run no script.
func Plainly(text string, data any) (template.HTML, error) {
	t, err := template.New("plain").Parse(text)
	if err != nil {
		return "", fmt.Errorf("reading the plain part of the report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("writing the plain part of the report: %w", err)
	}
	return template.HTML(b.String()), nil //nolint:gosec // made by html/template above
}

// Write writes p to w.
func Write(w io.Writer, p Page) error {
	t, err := template.New("page").Parse(frame)
	if err != nil {
		return fmt.Errorf("reading the frame of the report: %w", err)
	}
	filled := struct {
		Title, Policy, ID string
		Style             template.CSS
		Script, Data      template.JS
		Plain             template.HTML
	}{
		Title: p.Title, Policy: p.Client.Policy(), ID: p.Client.id, Plain: p.Plain,
		Style:  template.CSS(p.Client.sheet), //nolint:gosec // embedded at build time
		Script: template.JS(p.Client.script), //nolint:gosec // embedded at build time
		Data:   template.JS(p.Data),          //nolint:gosec // JSON with <, > and & escaped
	}
	if err := t.Execute(w, filled); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
