package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// host is one Puma cluster with its proxy address and folders.
type host struct {
	name, app, proxy string
	logs, run        string
	master           *child
}

// child is a process this driver started, leader of its own group.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (o options) spawn(dir string, out string, env []string, name string, args ...string) (*child, error) {
	f, err := os.OpenFile(out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, f, f
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, make(chan struct{})}
	go func() { _ = cmd.Wait(); close(c.done) }()
	return c, nil
}

// stop ends the child and whatever it started: politely, then for good.
func (c *child) stop(grace time.Duration) {
	pid := c.cmd.Process.Pid
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(pid, syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(grace):
		}
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // the group we made; gone already if all went well
	<-c.done
}

// recorder is one recording under way.
type recorder struct {
	o        options
	sc       scenario
	dir      string // of the recording
	run      string // scratch: databases, sockets, configuration
	hosts    []*host
	children []*child
	sampler  *sampler
	zone     *time.Location
	mu       sync.Mutex
	restarts []restart
	wg       sync.WaitGroup
}

func record(ctx context.Context, o options) (err error) {
	for _, need := range []string{"ruby", "puma", "nginx"} {
		if _, err := exec.LookPath(need); err != nil {
			return fmt.Errorf("%s is missing: install the packages that lab/README.md lists", need)
		}
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.Out)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s exists already", dir)
	}
	if o.Victim, err = filepath.Abs(o.Victim); err != nil {
		return err
	}
	run, err := os.MkdirTemp("", "culprit-lab-")
	if err != nil {
		return err
	}
	r := &recorder{o: o, sc: scenarios[o.Scenario], dir: dir, run: run, zone: zone}
	defer func() {
		r.stopAll()
		if err == nil {
			err = os.RemoveAll(run)
		} else {
			log.Printf("scratch kept in %s", run)
		}
	}()
	if err := r.prepare(); err != nil {
		return err
	}
	if err := r.boot(ctx); err != nil {
		return err
	}
	return r.film(ctx)
}

func (r *recorder) prepare() error {
	for i := 1; i <= r.o.Hosts; i++ {
		name := fmt.Sprintf("web%d", i)
		h := &host{
			name: name, app: fmt.Sprintf("127.0.%d.%d:9292", r.o.Net, i), proxy: fmt.Sprintf("127.0.%d.%d:8080", r.o.Net, i),
			logs: filepath.Join(r.dir, "logs", name), run: filepath.Join(r.run, name),
		}
		for _, d := range []string{h.logs, h.run} {
			if err := os.MkdirAll(d, 0o755); err != nil {
				return err
			}
		}
		r.hosts = append(r.hosts, h)
	}
	for _, d := range []string{filepath.Join(r.dir, "logs", "proxy"), filepath.Join(r.dir, "series")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	names := make([]string, len(r.hosts))
	for i, h := range r.hosts {
		names[i] = h.name
	}
	r.sampler = newSampler(names)
	return r.buildExtension()
}

// buildExtension compiles the leaking extension into the scratch folder.
func (r *recorder) buildExtension() error {
	if r.o.Scenario != "native_leak" {
		return nil
	}
	src, dst := filepath.Join(r.o.Victim, "ext", "thumbcache"), filepath.Join(r.run, "ext")
	if err := os.CopyFS(dst, os.DirFS(src)); err != nil {
		return err
	}
	for _, c := range [][]string{{"ruby", "extconf.rb"}, {"make"}} {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Dir = dst
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(c, " "), err, out)
		}
	}
	return nil
}

func (r *recorder) env(h *host, i int) []string {
	env := []string{
		"SHOP_HOST=" + h.name, "SHOP_LOGS=" + h.logs, "SHOP_BIND=" + h.app, "SHOP_PLANT=" + r.o.Scenario,
		"SHOP_DB=" + filepath.Join(h.run, "shop.sqlite3"), "SHOP_TRUTH=" + filepath.Join(r.run, "truth.jsonl"),
		"SHOP_EXT=" + filepath.Join(r.run, "ext"), fmt.Sprintf("SHOP_SEED=%d", r.o.Seed*10+int64(i)), "TZ=" + r.o.Zone,
		fmt.Sprintf("SHOP_WORKERS=%d", r.o.Workers), fmt.Sprintf("SHOP_COLLECT=%g", r.o.Collect.Seconds()),
	}
	if r.o.Jobs == "worker" {
		env = append(env, "SHOP_SPOOL="+h.run)
	}
	return env
}

// boot starts every cluster, then the proxy, and waits until all answer.
func (r *recorder) boot(ctx context.Context) error {
	for i, h := range r.hosts {
		seed := exec.Command("ruby", filepath.Join(r.o.Victim, "bin", "seed"))
		seed.Env = append(os.Environ(), r.env(h, i)...)
		if out, err := seed.CombinedOutput(); err != nil {
			return fmt.Errorf("seeding %s: %w\n%s", h.name, err, out)
		}
		c, err := r.o.spawn(r.o.Victim, filepath.Join(h.logs, "puma.log"), r.env(h, i), "puma", "-C", "config/puma.rb")
		if err != nil {
			return err
		}
		h.master = c
		r.children = append(r.children, c)
		r.sampler.watch(h.name, c.cmd.Process.Pid, false)
		if r.o.Jobs == "worker" {
			w, err := r.o.spawn(r.o.Victim, filepath.Join(h.logs, "worker.out"), r.env(h, i), "ruby", "bin/worker")
			if err != nil {
				return err
			}
			r.children = append(r.children, w)
			r.sampler.watch(h.name, w.cmd.Process.Pid, false)
		}
	}
	conf := filepath.Join(r.run, "nginx.conf")
	if err := os.WriteFile(conf, []byte(r.nginxConf()), 0o644); err != nil {
		return err
	}
	proxy, err := r.o.spawn(r.run, filepath.Join(r.run, "nginx.out"), []string{"TZ=" + r.o.Zone}, "nginx", "-p", r.run, "-c", conf)
	if err != nil {
		return err
	}
	r.children = append(r.children, proxy)
	deadline := time.Now().Add(4 * time.Minute) // a busy machine boots slowly
	for _, h := range r.hosts {
		for {
			if err := answers(ctx, h.app); err == nil {
				break
			} else if ctx.Err() != nil {
				return ctx.Err()
			} else if time.Now().After(deadline) {
				return fmt.Errorf("%s does not answer: %w (see %s)", h.name, err, filepath.Join(h.logs, "puma.log"))
			}
			if !pause(ctx, 150*time.Millisecond) {
				return ctx.Err()
			}
		}
	}
	return nil
}

func answers(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// nginxConf puts one server before each cluster. Each logs for itself, and
// all of them log into one file as the proxy of the whole fleet would.
func (r *recorder) nginxConf() string {
	var b strings.Builder
	for _, d := range []string{"body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		_ = os.MkdirAll(filepath.Join(r.run, d), 0o755)
	}
	shared := filepath.Join(r.dir, "logs", "proxy")
	fmt.Fprintf(&b, `daemon off;
master_process off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log %[2]s/error.log warn;
events { worker_connections 512; }
http {
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server_tokens off;
  set_real_ip_from 127.0.0.0/8;
  real_ip_header X-Forwarded-For;
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_addr $upstream_response_time $request_id';
  proxy_http_version 1.1;
  proxy_set_header Host $host;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_read_timeout 60s;
  proxy_next_upstream off;
`, r.run, shared)
	for _, h := range r.hosts {
		fmt.Fprintf(&b, `  server {
    listen %s;
    access_log %s/access.log timed;
    access_log %s/access.log timed;
    access_log %s/access.combined.log combined;
    location / { proxy_pass http://%s; }
  }
`, h.proxy, h.logs, shared, shared, h.app)
	}
	return b.String() + "}\n"
}

// film lets the traffic run while memory is sampled, then writes all down.
func (r *recorder) film(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, r.o.Duration)
	defer cancel()
	started := time.Now().UTC()
	log.Printf("%s: recording %s into %s", r.o.Scenario, r.o.Duration, r.dir)
	r.goroutine(func() { r.sampler.run(ctx, r.o.Seed, r.o.Every) })
	proxies := make([]string, len(r.hosts))
	for i, h := range r.hosts {
		proxies[i] = h.proxy
	}
	driving, still := context.WithCancel(parent)
	defer still()
	load := newLoader(proxies, r.sc, int64(60*r.o.Duration.Seconds()))
	load.start(driving, r.o)
	switch r.o.Scenario {
	case "unfinished":
		r.goroutine(func() { r.killer(ctx) })
	case "cron_locked":
		r.goroutine(func() { r.cron(ctx) })
	}
	<-ctx.Done()
	ended := time.Now().UTC()
	sizes, err := r.logSizes() // what is in flight now stays open in the logs
	if err != nil {
		return err
	}
	still()
	r.wg.Wait()
	load.wg.Wait()
	if parent.Err() != nil {
		return parent.Err()
	}
	r.stopAll()
	if err := r.cutLogs(sizes); err != nil {
		return err
	}
	if err := r.sampler.writeSeries(filepath.Join(r.dir, "series"), r.o, r.zone); err != nil {
		return err
	}
	return r.writeTruth(started, ended, load)
}

func (r *recorder) goroutine(f func()) {
	r.wg.Go(func() { ; f() })
}

func (r *recorder) writeTruth(started, ended time.Time, load *loader) error {
	events, err := readEvents(filepath.Join(r.run, "truth.jsonl"))
	if err != nil {
		return err
	}
	t := truth{
		Schema: "culprit.truth/1", Scenario: r.o.Scenario, Note: r.sc.Note, Seed: r.o.Seed, Started: started, Ended: ended,
		Sampling: r.o.Every.Seconds(), Zone: r.o.Zone, Jobs: r.o.Jobs, Level: r.o.Level,
		Culprits: withRoutes(r.sc.Culprits), Innocents: innocents, Calls: mergeEvents(events, ended), Restarts: r.restarts, Sent: load.sent.Load(),
	}
	for _, h := range r.hosts {
		t.Hosts = append(t.Hosts, h.name)
	}
	t.Expected.Outcomes, t.Expected.Acceptable, t.Expected.Category = r.sc.Outcomes, r.sc.Acceptable, r.sc.Category
	r.sampler.measureOpen(t.Calls)
	t.Growth, t.HostUsed = r.sampler.growths()
	if t.Restarts == nil {
		t.Restarts = []restart{}
	}
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	var total int64
	for _, n := range t.HostUsed {
		total += n
	}
	log.Printf("%s: %d requests, %d planted calls, hosts grew by %d MB", r.o.Scenario, t.Sent, len(t.Calls), total/1_000_000)
	return os.WriteFile(filepath.Join(r.dir, "truth.json"), append(b, '\n'), 0o644)
}

// killer plays the out-of-memory killer of unfinished: a worker that passes
// the limit while it serves the guilty call dies.
func (r *recorder) killer(ctx context.Context) {
	rnd := seeded(r.o.Seed, 3<<40)
	limit := map[int]int64{}
	for pause(ctx, 300*time.Millisecond) {
		for _, h := range r.hosts {
			for _, pid := range children(h.master.cmd.Process.Pid) {
				p, err := readProc(pid)
				if err != nil {
					continue
				}
				if limit[pid] == 0 {
					limit[pid] = (380 + rnd.Int64N(300)) << 20
				}
				if p.RSS < limit[pid] {
					continue
				}
				_ = syscall.Kill(pid, syscall.SIGKILL)
				now := time.Now()
				r.mu.Lock()
				r.restarts = append(r.restarts, restart{now.UTC(), h.name, pid, "oom"})
				r.mu.Unlock()
				r.appendLine(filepath.Join(h.logs, "kern.log"), fmt.Sprintf(
					"%s %s kernel: [%d.%06d] Out of memory: Killed process %d (%s) total-vm:%dkB, anon-rss:%dkB, file-rss:%dkB, shmem-rss:0kB, UID:1000 pgtables:%dkB oom_score_adj:0",
					now.In(r.zone).Format("Jan _2 15:04:05"), h.name, 81234+now.Unix()%100_000, now.Nanosecond()/1000, pid, p.Name,
					p.VMS/1024, p.Anon/1024, (p.RSS-p.Anon)/1024, p.RSS/1024/400))
			}
		}
	}
}

// cron starts the script every other minute on every host, and writes what
// cron writes, the harmless entries too.
func (r *recorder) cron(ctx context.Context) {
	number := 20100
	for {
		now := time.Now()
		mark := now.Truncate(time.Minute).Add(time.Minute + 700*time.Millisecond)
		if !pause(ctx, time.Until(mark)) {
			return
		}
		stamp := mark.In(r.zone).Add(300 * time.Millisecond).Format("Jan _2 15:04:05")
		for i, h := range r.hosts {
			sys := filepath.Join(h.logs, "syslog")
			number += 3
			r.appendLine(sys, fmt.Sprintf("%s %s CRON[%d]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)", stamp, h.name, number))
			if mark.Minute()%5 == 0 {
				r.appendLine(sys, fmt.Sprintf("%s %s CRON[%d]: (deploy) CMD (cd /srv/shop && bin/expire_sessions)", stamp, h.name, number+1))
			}
			if mark.Minute()%2 != 0 {
				continue
			}
			env := append(r.env(h, i), fmt.Sprintf("SHOP_SEED=%d", r.o.Seed+mark.Unix()))
			c, err := r.o.spawn(r.o.Victim, filepath.Join(r.run, "cron.out"), env, "ruby", "bin/rebuild_catalog")
			if err != nil {
				log.Print(err)
				continue
			}
			r.children = append(r.children, c)
			r.sampler.watch(h.name, c.cmd.Process.Pid, true)
			r.appendLine(sys, fmt.Sprintf("%s %s CRON[%d]: (deploy) CMD (cd /srv/shop && bin/rebuild_catalog)", stamp, h.name, c.cmd.Process.Pid))
		}
	}
}

func (r *recorder) appendLine(path, line string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		log.Print(err)
		return
	}
	_, _ = f.WriteString(line + "\n")
	_ = f.Close()
}

// stopAll ends everything this recording started, by pid.
func (r *recorder) stopAll() {
	var wg sync.WaitGroup
	for _, c := range r.children {
		wg.Go(func() { ; c.stop(8 * time.Second) })
	}
	wg.Wait()
	r.children = nil
}

// logSizes notes how long each log is now; cutLogs takes off what came later,
// so that the shutdown is not part of the recording.
func (r *recorder) logSizes() (map[string]int64, error) {
	sizes := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(r.dir, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sizes[path] = info.Size()
		return nil
	})
	return sizes, err
}

func (r *recorder) cutLogs(sizes map[string]int64) error {
	for path, n := range sizes {
		if n == 0 {
			if err := os.Remove(path); err != nil {
				return err
			}
		} else if err := os.Truncate(path, n); err != nil {
			return err
		}
	}
	return nil
}
