package proc

import (
	"strings"
	"testing"

	"culprit"
)

const smaps = `55d0a1c00000-55d0a1e21000 rw-p 00000000 00:00 0                          [heap]
Size:               2180 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                2000 kB
Pss:                1500 kB
Pss_Dirty:          1500 kB
Shared_Clean:          0 kB
Shared_Dirty:       1000 kB
Private_Clean:         0 kB
Private_Dirty:      1000 kB
Referenced:         2000 kB
Anonymous:          2000 kB
LazyFree:             40 kB
AnonHugePages:         0 kB
Swap:                 12 kB
SwapPss:              12 kB
Brand_New:             8 kB
Odd:                  seven
THPeligible:           1
ProtectionKey:         0
VmFlags: rd wr mr mw me ac sd 
7f0000000000-7f0000021000 r--p 00001000 fe:01 1234                       /srv/my app/lib c.so (deleted)
Size:                132 kB
Rss:                 100 kB
Pss:                  10 kB
Brand_New:             8 kB
VmFlags: rd mr mw me 
`

// Every member is where it belongs, and what a newer kernel adds is kept.
func TestSmaps(t *testing.T) {
	a, err := parseSmaps(strings.NewReader(smaps), true)
	if err != nil {
		t.Fatal(err)
	}
	list := a.Mappings
	if len(list) != 2 || list[0].Path != "[heap]" || list[1].Path != "/srv/my app/lib c.so (deleted)" || list[1].Inode != 1234 || list[1].Device != "fe:01" || list[1].Offset != 0x1000 {
		t.Fatalf("%+v", list)
	}
	const kb = culprit.KiB
	want := Memory{
		Size: 2180 * kb, KernelPage: 4 * kb, MMUPage: 4 * kb, RSS: 2000 * kb, PSS: 1500 * kb, PSSDirty: 1500 * kb,
		SharedDirty: 1000 * kb, PrivateDirty: 1000 * kb, Referenced: 2000 * kb, Anonymous: 2000 * kb, LazyFree: 40 * kb,
		Swap: 12 * kb, SwapPSS: 12 * kb, Eligible: true, Flags: "rd wr mr mw me ac sd",
	}
	if h := list[0]; h.Memory != want || h.Private() != 1000*kb || h.End-h.Start != 0x221000 {
		t.Errorf("%+v", h)
	}
	if a.Other["Brand_New"] != 16*kb || a.Unread != 1 {
		t.Errorf("of a newer kernel: %v, %d lines unread", a.Other, a.Unread)
	}
}

// A process that ends in the middle, and what is no smaps, are errors and never a
// small sum.
func TestBrokenSmaps(t *testing.T) {
	for name, bad := range map[string]string{
		"cut before its account": smaps[:strings.Index(smaps, "Size")],
		"cut within its account": smaps[:strings.Index(smaps, "Shared_Clean")],
		"cut at a line's middle": smaps[:strings.Index(smaps, "rd wr")-3],
		"no account":             "7f00-7f01 r--p 0 0:0 0\n7f02-7f03 r--p 0 0:0 0\nRss: 1 kB\nVmFlags: rd\n",
		"no flags":               "7f00-7f01 r--p 0 0:0 0\nRss: 1 kB\n7f02-7f03 r--p 0 0:0 0\nRss: 1 kB\nVmFlags: rd\n",
		"before any":             "Rss: 1 kB\n",
		"no size":                "7f00-7f01 r--p 0 0:0 0\nRss: many kB\nVmFlags: rd\n",
		"negative":               "7f00-7f01 r--p 0 0:0 0\nRss: -1 kB\nVmFlags: rd\n",
		"backwards":              "7f02-7f01 r--p 0 0:0 0\nRss: 1 kB\nVmFlags: rd\n",
		"another unit":           "7f00-7f01 r--p 0 0:0 0\nRss: 1 MB\nVmFlags: rd\n",
		"too much to add":        "7f00-7f01 r--p 0 0:0 0\nRss: 9223372036854775807 kB\nVmFlags: rd\n",
		"a line without end":     "7f00-7f01 r--p 0 0:0 0 /" + strings.Repeat("x", 2<<20),
	} {
		if a, err := parseSmaps(strings.NewReader(bad), true); err == nil {
			t.Errorf("%s: read as %+v", name, a.Mappings)
		}
	}
}

func BenchmarkSmaps(b *testing.B) {
	text := strings.Repeat(smaps, 10000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseSmaps(strings.NewReader(text), true); err != nil {
			b.Fatal(err)
		}
	}
}
