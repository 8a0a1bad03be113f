# frozen_string_literal: true

# What culprit runs in the app's own Ruby. It boots the app as a server would,
# measures each require on the way, and writes what it saw to the file that it
# was handed. It changes nothing in the app's folder and connects to nothing.
#
# Written for Ruby 2.7 to 3.4. Nothing is required from the standard library
# before the measurement begins: what the prelude loads would be missing from the
# app's account.
module CulpritBoot
  HERE = __dir__

  Config = Struct.new(:mode, :app, :scratch, :page, :groups, :requires, :entry, :gemfile,
                      :allow_connect, :allow_write, :guard, :fork)

  # Wire is the way back: one event a line, fields separated by tabs.
  class Wire
    # Beyond this many lines something requires in circles.
    LIMIT = 2_000_000

    def initialize(file)
      @file = file
      @lines = 0
      @pid = Process.pid
    end

    # A child that the app forks is another process, and an app that closes all
    # descriptors has closed this one: neither is a reason to break its boot.
    def write(line)
      return if @file.nil? || @pid != Process.pid

      @lines += 1
      if @lines > LIMIT
        line = "T\n"
        @file.syswrite(line)
        @file = nil
        return
      end
      @file.syswrite(line)
    rescue SystemCallError, IOError
      @file = nil
    end

    def put(kind, *fields)
      write("#{kind}\t#{fields.map { |f| escape(f) }.join("\t")}\n")
    end

    # In bytes: texts of different encodings cannot be joined.
    def escape(field)
      field.to_s.b.gsub(/[\\\t\n]/n, "\\" => "\\\\", "\t" => "\\t", "\n" => "\\n")
    end
  end

  class << self
    # held tells what the kernel holds this process back from.
    attr_reader :wire, :config, :held, :heap

    def run(argv)
      @config = configure(argv)
      @pid = Process.pid
      open_wires
      require "rbconfig" unless defined?(RbConfig) # there with RubyGems
      %w[guard refuse].each { |part| Kernel.load(File.join(HERE, "#{part}.rb")) }
      tell_where
      @held = Guard.raise_up(@config)
      prepare unless plain?
      @wire.put("V", RUBY_VERSION, RUBY_PLATFORM, RUBY_ENGINE)
      handshake("ready #{Process.pid} #{@held.empty? ? "nothing" : @held.join(",")}")
      boot
      handshake("done")
      After.tell(@config) unless plain?
      @status.syswrite("end\n")
      Kernel.exit!(0)
    end

    def plain?
      @config.mode == "plain"
    end

    private

    # Asked by a signal when the boot takes too long.
    def tell_where
      Signal.trap("USR2") { @wire.put("K", *told(Thread.main.backtrace || [])) }
    end

    def told(backtrace)
      backtrace.reject { |l| l.start_with?("<internal:", "<culprit>", HERE) }.first(200)
    end

    # The meter bears a file name as Ruby gives it to its own parts: gems that
    # look for their caller pass over it as they pass over RubyGems.
    def prepare
      Kernel.load(File.join(HERE, "after.rb"))
      After.before(@wire, @config)
      %w[meter heap].each { |part| eval(File.read(File.join(HERE, "#{part}.rb")), TOPLEVEL_BINDING, "<internal:culprit>", 1) }
      Meter.prepare(@wire, @config)
      eval(File.read(File.join(HERE, "hooks.rb")), TOPLEVEL_BINDING, "<internal:culprit>", 1)
    end

    def configure(argv)
      config = Config.new
      argv.each do |arg|
        key, value = arg.split("=", 2)
        config[key] = value
      end
      argv.clear
      %i[groups requires allow_connect allow_write].each { |k| config[k] = (config[k] || "").split("\x1f") }
      config.page = config.page.to_i
      config
    end

    def open_wires
      events, @status, @control, @heap = [3, 4, 5, 6].map do |fd|
        next if fd == 6 && @config.mode != "retained"

        IO.for_fd(fd, fd == 5 ? "rb" : "wb").tap { |f| f.close_on_exec = true }
      end
      @wire = Wire.new(events)
    end

    # Stops until culprit has looked at the process from outside. A child that the
    # app has forked, and that came as far as this, is not the boot.
    def handshake(word)
      Kernel.exit!(0) if Process.pid != @pid
      @status.syswrite("#{word}\n")
      @control.sysread(1)
    end

    def boot
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
      plain? ? Refuse.watch : Meter.start
      begin
        Entry.run(@config)
        failed = nil
      rescue Exception => e # SystemExit too: an app that exits has not booted
        failed = e
      end
      Meter.stop unless plain?
      @wire.put("B", Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start)
      fail_with(failed) if failed
    end

    def fail_with(error)
      cause = error.cause
      @wire.put("R", error.class.name, message(error), cause ? cause.class.name : "", cause ? message(cause) : "",
                *told(error.backtrace || []))
    end

    def message(error)
      error.message.to_s.byteslice(0, 4000)
    rescue StandardError
      "(its message cannot be read)"
    end
  end

  # Entry is what a boot is.
  module Entry
    class << self
      def run(config)
        bundler if config.gemfile == "yes"
        case config.entry
        when "groups" then Bundler.require(*config.groups.map(&:to_sym))
        when "requires" then config.requires.each { |f| require f }
        when "rails" then rails(config)
        when "rack" then rack(config)
        end
      end

      private

      # As every binstub does it, but for the lockfile, which stays as it is.
      def bundler
        require "bundler"
        Bundler::Runtime.prepend(Module.new do
          def lock(*)
            changed = @definition.respond_to?(:nothing_changed?) && !@definition.nothing_changed?
            CulpritBoot.wire.put("W", "lock") if changed
          end
        end)
        require "bundler/setup"
      end

      def rails(config)
        application = File.join(config.app, "config/application.rb")
        if File.file?(application)
          require application
          redirect(config)
          tell_initializers unless CulpritBoot.plain?
        end
        require File.join(config.app, "config/environment.rb")
        CulpritBoot.wire.put("F", "rails", ::Rails.version, ::Rails.env) if defined?(::Rails) && ::Rails.respond_to?(:version)
        section("(eager load)") { eager_load }
      end

      # Log and scratch files go to a folder of ours.
      def redirect(config)
        return unless defined?(::Rails) && ::Rails.respond_to?(:application) && (app = ::Rails.application)

        app.config.paths["log"] = File.join(config.scratch, "app.log")
        app.config.paths["tmp"] = File.join(config.scratch, "tmp")
        local = %w[development test].include?(::Rails.env.to_s)
        # These two environments write a secret into tmp/ unless one is there.
        app.config.secret_key_base = ENV["SECRET_KEY_BASE"] if local && app.config.respond_to?(:secret_key_base=)
      end

      # What Rails and gems do when the app is initialized is theirs, though it
      # happens while the app's config/environment is required.
      def tell_initializers
        return unless defined?(::Rails::Initializable::Initializer)

        ::Rails::Initializable::Initializer.prepend(Module.new do
          def run(*)
            file = @block.respond_to?(:source_location) && @block.source_location
            Meter.measure("(initializer #{name})", file ? file.first.to_s : "") { super }
          end
        end)
      end

      def eager_load
        ::Zeitwerk::Loader.eager_load_all if defined?(::Zeitwerk::Loader)
        return unless defined?(::Rails) && ::Rails.respond_to?(:application) && ::Rails.application

        ::Rails.application.eager_load! if ::Rails.application.respond_to?(:eager_load!)
      end

      def rack(config)
        require "rack"
        # A part of rack 2, a gem of its own beside rack 3.
        require "rack/builder" unless defined?(::Rack::Builder)
        file = File.join(config.app, "config.ru")
        section("config.ru", file) { ::Rack::Builder.parse_file(file) }
        section("(eager load)") { eager_load }
      end

      def section(name, file = "", &block)
        return yield if CulpritBoot.plain?

        Meter.measure(name, file, &block)
      end
    end
  end
end

CulpritBoot.run(ARGV)
