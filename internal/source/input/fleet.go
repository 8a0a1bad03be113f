package input

import (
	"path/filepath"
	"strings"
)

// dropFleetFolders takes back the hints of folders that turn out to hold the
// logs of several hosts: "job-1/logs/web1/production.log" shows that "job-1" is
// an incident and no server, for "job-1/logs/proxy.log" too.
func dropFleetFolders(files []File) {
	named := map[string]string{} // folder that gave a hint -> the hint
	for _, f := range files {
		if f.HostHint != "" {
			if dir := hintFolder(f); dir != "" {
				named[dir] = f.HostHint
			}
		}
	}
	fleets := map[string]bool{}
	for _, f := range files {
		if f.HostHint == "" {
			continue
		}
		for dir := filepath.Dir(f.Path); ; dir = filepath.Dir(dir) {
			if h := named[dir]; h != "" && h != f.HostHint {
				fleets[dir] = true
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for i := range files {
		if f := &files[i]; f.HostHint != "" && fleets[hintFolder(*f)] {
			f.HostHint = ""
		}
	}
}

// hintFolder is the folder whose name gave a file its hint, "" for the file's
// own name.
func hintFolder(f File) string {
	if hostInFile(f.Name) == f.HostHint || containerLog.MatchString(f.Name) {
		return ""
	}
	for dir := filepath.Dir(f.Path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.EqualFold(hostInFolder(filepath.Base(dir)), f.HostHint) {
			return dir
		}
	}
	return ""
}
