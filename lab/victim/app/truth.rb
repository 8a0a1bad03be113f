# Ground truth: what was planted, written beside the logs, never into them.
# One JSON line per event, appended by every process of the host.
require "json"
require "time"

module Truth
  HOST = ENV.fetch("SHOP_HOST", "web1")
  FILE = ENV["SHOP_TRUTH"] && File.open(ENV["SHOP_TRUTH"], "a").tap { |f| f.sync = true }

  module_function

  def rss
    File.read("/proc/self/statm").split[1].to_i * 4096
  rescue SystemCallError
    0
  end

  def write(event)
    FILE&.write(JSON.generate(event.merge(host: HOST, pid: Process.pid, time: Time.now.utc.iso8601(3))) + "\n")
  end

  # Wraps one guilty unit of work. The block returns the bytes it kept on
  # purpose, or nil when only the resident size tells (bloat).
  def call(name, id: nil, detail: {}, exact: true)
    before = rss
    write(event: "start", name: name, id: id, detail: detail, rss: before)
    kept = yield
    delta = rss - before
    write(event: "end", name: name, id: id, rss: before + delta, rss_delta: delta,
          bytes_kept: kept || delta, exact: exact && !kept.nil?)
  end
end
