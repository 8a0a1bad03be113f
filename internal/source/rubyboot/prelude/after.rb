# frozen_string_literal: true

module CulpritBoot
  # After tells, once the boot is measured, what the figures belong to: gems and
  # folders, what a forked worker shares, and which objects are left.
  module After
    class << self
      # Before anything is loaded: what will be known of a boot that does not end,
      # and what a worker shares without preloading.
      def before(wire, config)
        @wire = wire
        folders
        @unbooted = try_worker if config.fork == "yes"
      end

      def tell(config)
        gems
        fork_share if config.fork == "yes"
        dump if config.mode == "retained"
      end

      private

      # G name version folders...: of every gem that the boot made known.
      def gems
        return unless defined?(::Gem) && ::Gem.respond_to?(:loaded_specs)

        ::Gem.loaded_specs.each_value do |spec|
          dirs = [spec.full_gem_path, *spec.full_require_paths]
          dirs += dirs.map { |d| real(d) }
          @wire.put("G", spec.name, spec.version, spec.respond_to?(:default_gem?) && spec.default_gem? ? "default" : "", *dirs.uniq)
        rescue StandardError => e
          @wire.put("W", "gem", spec.name, e.class.name)
        end
      end

      # D: folders of Ruby's own library. Y: those where a distribution or an
      # administrator puts libraries side by side, without a folder for each gem.
      def folders
        @wire.put("D", *dirs(%w[rubylibdir rubyarchdir]))
        @wire.put("Y", *dirs(%w[vendordir vendorlibdir vendorarchdir sitedir sitelibdir sitearchdir]))
      end

      def dirs(names)
        list = names.map { |k| RbConfig::CONFIG[k] }.compact
        (list + list.map { |d| real(d) }).uniq
      end

      def real(dir)
        File.realpath(dir)
      rescue SystemCallError
        dir
      end

      # P: pages of a worker forked from the booted app: its master, itself right
      # after the fork and once it has worked and collected; and of one that was
      # forked before anything was loaded, once it has done the same.
      def fork_share
        master = rollup
        worker = try_worker
        return if @unbooted.nil? || worker.nil?

        @wire.put("P", *master, *worker, *@unbooted.last(4))
      end

      def try_worker
        out, into = IO.pipe
        child = Process.fork do
          out.close
          first = rollup
          work
          into.syswrite([*first, *rollup].join(" "))
          Kernel.exit!(0)
        end
        into.close
        fields = out.read.split
        Process.wait(child)
        return fields if fields.size == 8

        @wire.put("W", "fork", "the forked process ended early")
        nil
      rescue StandardError, NotImplementedError => e
        @wire.put("W", "fork", "#{e.class}: #{e.message}")
        nil
      end

      # Roughly what requests do: some hundred thousand short-lived objects, some
      # collections.
      def work
        5.times do |i|
          20_000.times { |n| { "id" => n, "name" => "row #{n} of #{i}" } }
          GC.start
        end
      end

      # Bytes: resident, shared and dirty, shared and clean, anonymous.
      def rollup
        text = File.read("/proc/self/smaps_rollup")
        %w[Rss Shared_Dirty Shared_Clean Anonymous].map { |k| text[/^#{k}:\s+(\d+)/, 1].to_i * 1024 }
      end

      # The objects that are left, one a line as JSON, straight to culprit.
      def dump
        4.times { GC.start }
        ObjectSpace.dump_all(output: CulpritBoot.heap)
        CulpritBoot.heap.close # before Ruby 3.0 it is buffered apart from Ruby's own buffers
      end
    end
  end
end
