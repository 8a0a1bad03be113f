package procmem

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What one call of process_vm_readv takes: IOV_MAX stretches of the process.
const (
	mostVectors = 1024
	mostBytes   = 1 << 30
)

// copyLive copies with process_vm_readv, which copies once where /proc/PID/mem copies
// twice (https://man7.org/linux/man-pages/man2/process_vm_readv.2.html).
func copyLive(pid int, parts []part) error {
	for len(parts) > 0 {
		var local []unix.Iovec
		var remote []unix.RemoteIovec
		sum, k := 0, 0
		for k < len(parts) && k < mostVectors && (k == 0 || sum+len(parts[k].data) <= mostBytes) {
			p := parts[k]
			v := unix.Iovec{Base: &p.data[0]}
			v.SetLen(len(p.data))
			local = append(local, v)
			remote = append(remote, unix.RemoteIovec{Base: uintptr(p.from), Len: len(p.data)})
			sum += len(p.data)
			k++
		}
		for done := 0; done < sum; {
			n, err := unix.ProcessVMReadv(pid, local, remote, 0)
			if err != nil {
				return fmt.Errorf("process_vm_readv: %w", err)
			}
			if n <= 0 {
				return fmt.Errorf("process_vm_readv: %w", unix.EFAULT)
			}
			if done += n; done < sum {
				local, remote = rest(local, remote, n)
			}
		}
		parts = parts[k:]
	}
	return nil
}

// rest drops what has been copied: both sides are cut alike.
func rest(local []unix.Iovec, remote []unix.RemoteIovec, n int) ([]unix.Iovec, []unix.RemoteIovec) {
	for len(remote) > 0 && n >= remote[0].Len {
		n -= remote[0].Len
		local, remote = local[1:], remote[1:]
	}
	if n > 0 && len(remote) > 0 {
		b := bytesOf(local[0])[n:]
		local[0].Base = &b[0]
		local[0].SetLen(len(b))
		remote[0].Base += uintptr(n)
		remote[0].Len -= n
	}
	return local, remote
}

func bytesOf(v unix.Iovec) []byte { return unsafe.Slice(v.Base, v.Len) }
