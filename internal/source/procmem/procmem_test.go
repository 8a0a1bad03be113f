package procmem_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"culprit/internal/lab/started"
	"culprit/internal/source/procmem"
)

// planted makes a large text and tells where its bytes are.
const planted = `S = "culprit was here " * 100_000
puts [S].pack("P").unpack1("Q"); $stdout.flush; $stdin.gets`

func want() []byte { return bytes.Repeat([]byte("culprit was here "), 100_000) }

func TestLiveMirrorCore(t *testing.T) {
	p := started.Ruby(t, nil, "-e", planted)
	at, err := strconv.ParseInt(p.First, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	live, err := procmem.Open("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = live.Close() }()
	same := func(t *testing.T, m procmem.Mem) {
		t.Helper()
		got := make([]byte, len(want()))
		if _, err := m.ReadAt(got, at); err != nil || !bytes.Equal(got, want()) {
			t.Fatalf("not the text: %v", err)
		}
		if _, err := m.ReadAt(got, 4096); !errors.Is(err, procmem.ErrUnmapped) {
			t.Errorf("of nothing: %v", err)
		}
	}
	t.Run("live", func(t *testing.T) { same(t, live) })
	t.Run("mirror", func(t *testing.T) {
		frozen, err := procmem.Freeze("/proc", p.PID)
		if err != nil {
			t.Fatal(err)
		}
		if len(frozen.Registers) < 10 {
			t.Errorf("%d registers", len(frozen.Registers))
		}
		plan, err := procmem.NewPlan(live, nil)
		if err != nil {
			t.Fatal(err)
		}
		room, err := procmem.NewRoom("", plan.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		m, err := procmem.Copy(live, plan, room)
		if err = errors.Join(err, frozen.Resume()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Close() }()
		same(t, m)
		if m.Lost != 0 || m.Bytes != plan.Bytes {
			t.Errorf("%d bytes, %d lost, %d planned", m.Bytes, m.Lost, plan.Bytes)
		}
	})
	t.Run("core", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "core")
		if out, err := exec.Command("gcore", "-o", path, strconv.Itoa(p.PID)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s; hint: make setup", err, out)
		}
		c, err := procmem.OpenCore(path + "." + strconv.Itoa(p.PID))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		same(t, c)
	})
}

// TestUntouched: memory that was never touched is not read, and does not appear.
func TestUntouched(t *testing.T) {
	const size = 4 << 20
	room, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Munmap(room) }()
	at := uint64(uintptr(unsafe.Pointer(&room[0])))
	room[2<<20] = 1 // one page in the middle; huge pages may bring its neighbours
	live, err := procmem.Open("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = live.Close() }()
	there := func() (sum uint64) {
		if err := live.Present(at, at+size, func(from, to uint64) { sum += to - from }); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := there()
	if before == 0 || before == size {
		t.Fatalf("%d bytes of %d are there", before, size)
	}
	for _, o := range []uint64{0, size - procmem.PageSize} {
		if _, err := live.ReadAt(make([]byte, 8), int64(at+o)); !errors.Is(err, procmem.ErrAbsent) {
			t.Errorf("at %d: %v", o, err)
		}
	}
	if b := []byte{0}; there() != before {
		t.Errorf("%d bytes appeared", there()-before)
	} else if _, err := live.ReadAt(b, int64(at+2<<20)); err != nil || b[0] != 1 {
		t.Errorf("the page that is there: %v, %v", b, err)
	}
}

// TestKilledTracer: a process that stands still goes on when what stopped it is killed.
func TestKilledTracer(t *testing.T) {
	if pid := os.Getenv("CULPRIT_FREEZE"); pid != "" {
		n, _ := strconv.Atoi(pid)
		if _, err := procmem.Freeze("/proc", n); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("frozen\n")
		time.Sleep(time.Minute)
		return
	}
	target := started.Ruby(t, nil, "-e", `puts 1; $stdout.flush; $stdin.gets`)
	tracer := exec.Command(os.Args[0], "-test.run=^TestKilledTracer$")
	tracer.Env = append(os.Environ(), "CULPRIT_FREEZE="+strconv.Itoa(target.PID))
	out, err := tracer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 7)
	if _, err := io.ReadFull(out, b); err != nil || string(b) != "frozen\n" {
		t.Fatalf("%q, %v", b, err)
	}
	if s := state(t, target.PID); s != "t" {
		t.Errorf("stopped: state %s", s)
	}
	if err := tracer.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = tracer.Wait()
	for range 100 {
		if state(t, target.PID) == "S" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("it does not go on: state %s", state(t, target.PID))
}

func state(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))[0]
}

// TestGone: the end of a process in the middle is told as that.
func TestGone(t *testing.T) {
	p := started.Ruby(t, nil, "-e", planted)
	at, err := strconv.ParseInt(p.First, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	live, err := procmem.Open("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = live.Close() }()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := live.ReadAt(make([]byte, 8), at); !errors.Is(err, procmem.ErrGone) {
		t.Errorf("%v", err)
	}
	if _, err := procmem.Open("/proc", p.PID); !errors.Is(err, procmem.ErrGone) {
		t.Errorf("opened: %v", err)
	}
}

func FuzzMaps(f *testing.F) {
	f.Add("55d0-66d0 rw-p 00000000 08:01 12 /usr/bin/ruby3.1\n7000-8000 ---p 00000000 00:00 0 \n")
	f.Add("0-1 r")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := procmem.ParseMaps(strings.NewReader(text))
		if err != nil {
			return
		}
		for i, m := range list {
			if m.From >= m.To || i > 0 && m.From < list[i-1].To {
				t.Fatalf("%+v", list)
			}
		}
	})
}

// FuzzCore: whatever stands in a file, opening and reading it ends without a panic.
func FuzzCore(f *testing.F) {
	f.Add(tinyCore(), uint64(0x1000))
	f.Fuzz(func(t *testing.T, b []byte, at uint64) {
		path := filepath.Join(t.TempDir(), "core")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := procmem.OpenCore(path)
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		v := procmem.NewView(c)
		_, _ = v.Word(at)
		_, _ = v.Text(at, 100)
		for _, m := range c.Maps() {
			if m.From >= m.To {
				t.Fatalf("%+v", m)
			}
			_, _ = v.Word(m.From)
			_, _ = v.Word(m.To - 8)
		}
	})
}

// tinyCore is a core of one page.
func tinyCore() []byte {
	b := make([]byte, 64+2*56+32+64)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 4)
	le.PutUint16(b[18:], 62)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 2)
	ph := b[64:]
	le.PutUint32(ph, 1)
	le.PutUint32(ph[4:], 6)
	le.PutUint64(ph[8:], 64+2*56+32)
	le.PutUint64(ph[16:], 0x1000)
	le.PutUint64(ph[32:], 64)
	le.PutUint64(ph[40:], 0x1000)
	ph = ph[56:]
	le.PutUint32(ph, 4)
	le.PutUint64(ph[8:], 64+2*56)
	le.PutUint64(ph[32:], 32)
	return b
}
