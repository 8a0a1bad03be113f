// Package app holds the words for what an app's folder tells: its bundle, its
// Ruby, its settings, its code.
//
// It owns shapes and look-ups over them. It refuses to read files and to judge.
package app

import (
	"time"

	"culprit/internal/bundle"
)

// App is what a folder tells. Nil and empty members mean that the folder does
// not say; Warnings tell what could not be read.
type App struct {
	Root     string // as given
	Lockfile string // path of the lockfile, relative to Root unless given apart; "" none
	Lock     *bundle.Lock
	Ruby     []Setting // every place that names the Ruby version; Value "3.1.2"; the most binding first
	// Groups maps a gem to the Bundler groups the Gemfile puts it in ("default",
	// "development", "test", ...). Nil when the Gemfile could not be read or has
	// logic that hides it; a gem that only others need is not in it.
	Groups map[string][]string
	Puma   Puma
	// Env are environment variables that files of the app set: Procfile, Dockerfile,
	// docker-compose*.yml, .env*, app.json, systemd units, bin/ scripts. Name is the
	// variable, Value its text ("" when it is set elsewhere).
	Env []Setting
	// Production are "config.x.y = value" lines of config/application.rb, then
	// config/environments/production.rb; Name is "config.x.y", Value the Ruby text.
	Production []Setting
	Sources    []Source
	// History says when gems changed in the lockfile: per gem, newest first. Nil
	// when there is no git history.
	History map[string][]Change
	// CodeRead tells whether Sources hold all code of the app: then what is not
	// found is not there. False: no folder, or some of it could not be read.
	CodeRead bool
	Warnings []string
}

// Setting is a value that a file sets.
type Setting struct {
	Name  string
	Value string
	// Dynamic: the value is computed, as ENV.fetch("WEB_CONCURRENCY") { 2 }; Value
	// is then the default that stands there, "" when there is none.
	Dynamic bool
	File    string
	Line    int
	Text    string // the line, trimmed
}

// Puma is config/puma.rb. A nil member is not set there.
type Puma struct {
	File       string // "" no such file
	Workers    *Setting
	ThreadsMin *Setting
	ThreadsMax *Setting
	Preload    *Setting // preload_app!; Value "true" or "false"
	ForkWorker *Setting
	Unread     []Setting // lines with logic that was not followed
}

// Source is one file of the app's own code.
type Source struct {
	Path string // relative to Root, with slashes
	Kind string // "ruby", "template", "config", "other"
	// Raw are its lines. Code are the same lines with comments blanked; Bare those
	// with the text of string literals blanked too, interpolated code kept.
	Raw, Code, Bare []string
}

// Change is one change of a gem in the lockfile.
type Change struct {
	Version string // "" removed
	At      time.Time
	Commit  string
}
