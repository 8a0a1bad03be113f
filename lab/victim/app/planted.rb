# The planted behaviours. Which one is awake is decided by SHOP_PLANT; an
# asleep one costs nothing.
module Planted
  MODE = ENV.fetch("SHOP_PLANT", "healthy")
  RANDOM = Random.new(ENV.fetch("SHOP_SEED", "1").to_i * 7919 + Process.pid)
  MB = 1_000_000
  ROW = 1250 # resident bytes of one row, about

  @lock = Mutex.new
  @pinned = []
  @kept = []
  @cache = {}
  @slots = []

  module_function

  def on?(*modes) = modes.include?(MODE)

  def between(low, high) = low + RANDOM.rand * (high - low)

  # About one kilobyte of small objects, as a row of a query becomes: a hash,
  # a dozen short strings, a nested array.
  def row(i)
    {
      "id" => i, "sku" => "SKU-#{i}-#{i * 31}", "title" => "Product number #{i} in a longer title than fits",
      "note" => "n" * (80 + (i % 60)), "tags" => ["tag-number-#{i % 97}-with-a-name", "other-#{i}"],
      "prices" => { "eur" => "#{i}.99 EUR net of everything", "usd" => "#{i}.49 USD" }, "at" => "2020-06-#{i % 30} 12:00:00 +0200"
    }
  end

  # Builds megabytes of rows over some seconds, holds them until the end, then
  # drops all but one in a few hundred: these pin the heap pages, so the
  # process keeps its size.
  def bloat(megabytes, seconds)
    rows = []
    total = (megabytes * MB / ROW).to_i
    chunk = [total / 60, 1].max
    pause = seconds / 60.0
    i = 0
    while i < total
      chunk.times { rows << row(i); i += 1 }
      sleep pause
    end
    answer = rows.sum { |r| r["id"] }
    @lock.synchronize { rows.each_with_index { |r, n| @pinned << r["title"] if n % 40 == 0 } }
    answer
  end

  # Grows until somebody kills the process.
  def endless(step = 18)
    rows = []
    i = 0
    loop do
      (step * MB / ROW / 4).times { rows << row(i += 1) }
      sleep 0.25
    end
  end

  # A tree as a resolver without depth limit builds it.
  def tree(depth, width)
    return { "leaf" => "value-#{depth}-#{width}" * 2, "id" => "gid://shop/Node/#{RANDOM.rand(10**9)}" } if depth.zero?

    sleep 0.02 if depth > 4
    { "id" => "gid://shop/Node/#{RANDOM.rand(10**9)}", "edges" => Array.new(width) { { "cursor" => "c#{width}-#{depth}-#{RANDOM.rand(10**6)}", "node" => tree(depth - 1, width) } } }
  end

  def graph(megabytes, seconds)
    parts = []
    start = Time.now
    n = (megabytes / 5.3).ceil # one tree of depth 6, width 4 is about 5.3 MB
    n.times do
      parts << tree(6, 4)
      sleep [seconds / n - 0.1, 0].max
    end
    @lock.synchronize { parts.each { |p| pin(p) } }
    Time.now - start
  end

  def pin(node)
    @pinned << node["id"] if RANDOM.rand < 0.05
    node["edges"]&.each { |e| pin(e["node"]) }
  end

  # About 1.7 MB of rows (measured: 1.21 kB resident each) that a class-level
  # cache never lets go.
  def retain(key)
    @lock.synchronize { @cache[key] = Array.new(1400) { |i| row(i) } }
    1_700_000
  end

  def native
    require_native
    Thumbcache.render
  end

  def require_native
    require File.join(ENV.fetch("SHOP_EXT"), "thumbcache")
  end

  def keep_for_every_request
    @lock.synchronize { @kept << ("s" * 50_000) }
  end

  # Blocks of all sizes, replaced at random by whichever thread serves: the
  # live bytes stay bounded, the arenas fill with holes.
  def fragment
    200.times do
      size = (2**between(8, 15.5)).to_i
      block = "f" * size
      n = RANDOM.rand(9_000)
      @lock.synchronize { @slots[n] = block }
      Thread.pass if n % 50 == 0
    end
  end

  # No request, no log line: a thread that keeps more and more.
  def background
    Thread.new do
      Thread.current.name = "metrics-buffer"
      sleep between(15, 70)
      loop do
        mb = between(18, 75)
        Truth.call("background thread", detail: { megabytes: mb.round }) do
          rows = []
          (mb * MB / ROW).to_i.times { |i| rows << row(i); sleep 0.001 if i % 400 == 0 }
          @lock.synchronize { @kept << rows }
          nil
        end
        sleep between(45, 110)
      end
    end
  end

  # The data of a heavy gem, loaded before the fork with the collector off (as
  # people do to boot faster): all of it is young in the workers, whose first
  # collections write to every page and so copy it.
  def heavy
    GC.disable
    @heavy = Array.new(110_000) { |i| row(i) }
    GC.enable
  end
end
