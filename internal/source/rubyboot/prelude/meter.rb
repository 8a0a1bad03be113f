# frozen_string_literal: true

module CulpritBoot
  # Meter reads memory and clock where a require begins and ends, and tells the
  # wire. It adds nothing up.
  #
  # Events: S start, Z stop, E begin, L end with a file loaded, N end without,
  # X end by an exception, A required again, U loaded where nothing was expected.
  module Meter
    # A name that is required again is told this often.
    AGAIN = 40
    # The proportional set is read anew when the resident set moved by this much
    # and by a sixteenth: the kernel walks all page tables for it, so it takes the
    # longer the larger the process is. In between it moves with the resident set.
    STRIDE = 2 << 20

    class << self
      # Opens what is read later, so that opening is not measured.
      def prepare(wire, config)
        @wire = wire
        @page = config.page
        @heap = Heap.for(config.mode)
        @numbered = config.mode == "retained"
        @statm = File.open("/proc/self/statm")
        @rollup = open_rollup
        @text = String.new(capacity: 128)
        @long = String.new(capacity: 4096)
        @pid = Process.pid
        @main = Thread.current
        @stack = []
        @threads = {}.compare_by_identity
        @seen = {}
        @id = 0
        @rss = @pss = @pss_at = 0
        @on = false
      end

      def start
        @heap&.start
        @on = true
        mark("S")
      end

      def stop
        mark("Z")
        @on = false
        @heap&.stop
      end

      # Measures a require and yields the number of its node where objects are told
      # apart by it, else 0. A name that was required before is told and passed on:
      # reading memory for each of these would cost more than they do.
      def require(path)
        return yield(0) unless on?

        name = path(path)
        return again(name) { yield(0) } if @seen[name]

        id = enter(name)
        result = nil
        begin
          result = yield(@numbered ? id : 0)
        ensure
          required(id, name, result)
        end
      end

      # Measures a load, which loads each time.
      def load(path)
        return yield(0) unless on?

        name = path(path)
        id = enter(name)
        result = nil
        begin
          result = yield(@numbered ? id : 0)
        ensure
          result.nil? ? failed(id) : leave(id, "L", name)
        end
      end

      # The path as a string, whatever was given; what is no path is for Ruby to
      # complain of.
      def path(path)
        return path if path.is_a?(String)

        path = path.to_path if path.respond_to?(:to_path)
        path.respond_to?(:to_str) ? path.to_str : path.to_s
      end

      # Makes a piece of a boot that is no require a node of its own.
      def measure(name, file)
        id = enter(name)
        done = nil
        begin
          result = yield
          done = true
          result
        ensure
          done ? leave(id, "L", file) : failed(id)
        end
      end

      private

      def again(name)
        @heap&.pause
        count = @seen[name]
        if count < AGAIN
          @seen[name] = count + 1
          @wire.write("A\t#{stack.last.to_i}\t#{clean(name)}\n")
        end
        @heap&.resume
        loaded = yield
        @wire.write("U\t#{stack.last.to_i}\t#{clean(name)}\t#{clean($LOADED_FEATURES.last)}\n") if loaded
        loaded
      end

      def required(id, name, result)
        if result.nil?
          failed(id)
        elsif result
          file = $LOADED_FEATURES.last
          leave(id, "L", file)
          Refuse.loaded(file)
          @heap&.loaded(file)
        else
          leave(id, "N", "")
        end
        @seen[name] = 0 unless result.nil?
      end

      def failed(id)
        leave(id, "X", $!.class.name)
      end

      def enter(name)
        @heap&.pause
        id = (@id += 1)
        open = stack
        @wire.write("E\t#{id}\t#{open.last.to_i}\t#{thread}\t#{reading(false)}\t#{clean(name)}\n")
        open.push(id)
        @heap&.resume
        id
      end

      # A child that the app forks is another process.
      def on?
        @on && @pid == Process.pid
      end

      def leave(id, kind, text)
        @heap&.pause
        open = stack
        open.pop while open.last && open.last >= id
        @wire.write("#{kind}\t#{id}\t#{thread}\t#{reading(false)}\t#{clean(text)}\n")
        @heap&.resume
      end

      def mark(kind)
        @heap&.pause
        @wire.write("#{kind}\t#{reading(true)}\n")
        @heap&.resume
      end

      def stack
        t = Thread.current
        return @stack if t.equal?(@main)

        (@threads[t] ||= [@threads.size + 1, []])[1]
      end

      # 0 is the main thread.
      def thread
        t = Thread.current
        t.equal?(@main) ? 0 : @threads[t][0]
      end

      # Fields: nanoseconds, resident bytes, proportional bytes, objects and bytes
      # allocated on the heap; -1 where it is not measured.
      def reading(exact)
        @statm.pread(128, 0, @text)
        @rss = @text[@text.index(" ") + 1, 20].to_i * @page
        moved = (@rss - @pss_at).abs
        read_pss if exact || (moved > STRIDE && moved > @rss >> 4)
        pss = @rollup ? @pss + @rss - @pss_at : -1
        now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
        "#{now}\t#{@rss}\t#{pss}\t#{@heap ? @heap.objects : -1}\t#{@heap ? @heap.bytes : -1}"
      end

      def open_rollup
        File.open("/proc/self/smaps_rollup")
      rescue SystemCallError
        nil # Linux before 4.14, or forbidden
      end

      def read_pss
        return if @rollup.nil?

        @rollup.pread(4096, 0, @long)
        @pss = @long[/^Pss:\s+(\d+)/, 1].to_i * 1024
        @pss_at = @rss
      rescue SystemCallError
        @rollup = nil
      end

      def clean(text)
        text = text.to_s
        text.ascii_only? && !text.match?(/[\\\t\n]/) ? text : @wire.escape(text)
      end
    end
  end
end
