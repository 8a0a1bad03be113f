# frozen_string_literal: true

module CulpritBoot
  # Guard asks the kernel to hold this process, and all that it starts, back from
  # writing outside of its scratch folder (Landlock, Linux 5.13) and from
  # connecting to anything (seccomp). Both are given up by nobody afterwards, need
  # no rights, and end with the process.
  #
  # Numbers: https://docs.kernel.org/userspace-api/landlock.html and
  # https://docs.kernel.org/userspace-api/seccomp_filter.html
  module Guard
    # System call numbers by machine; those of Landlock are the same everywhere.
    MACHINES = {
      "x86_64" => { arch: 0xC000003E, prctl: 157, seccomp: 317, connect: 42, sendto: 44 },
      "aarch64" => { arch: 0xC00000B7, prctl: 167, seccomp: 277, connect: 203, sendto: 206 }
    }.freeze
    CREATE_RULESET = 444
    ADD_RULE = 445
    RESTRICT_SELF = 446
    NO_NEW_PRIVS = 38

    # Rights to write: file, remove dir and file, make char, dir, reg, sock, fifo,
    # block, sym; then refer (version 2) and truncate (version 3).
    WRITES = 0x2 | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1000
    REFER = 0x2000
    TRUNCATE = 0x4000
    # Rights that a rule for a file, not a folder, may have.
    OF_FILES = 0x2 | TRUNCATE

    class << self
      # Returns what is held back: "write", "connect", both or nothing.
      def raise_up(config)
        machine = MACHINES[RbConfig::CONFIG["host_cpu"]]
        return [] if machine.nil? || config.guard == "off" || RUBY_PLATFORM !~ /linux/

        verbose = $VERBOSE
        $VERBOSE = nil # Kernel#syscall warns of itself
        return [] unless call(machine[:prctl], NO_NEW_PRIVS, 1, 0, 0, 0)

        held = []
        held << "write" if !config.allow_write.include?("/") && hold_writes(config)
        held << "connect" if config.allow_connect.empty? && hold_connects(machine)
        held
      ensure
        $VERBOSE = verbose if defined?(verbose) && machine
      end

      private

      # Bytes are passed by their address: as strings they may hold no zero.
      def call(number, *args)
        args = args.map { |a| a.is_a?(String) ? [a].pack("P").unpack1("Q") : a }
        Kernel.syscall(number, *args)
      rescue SystemCallError, NotImplementedError, ArgumentError
        nil
      end

      def hold_writes(config)
        version = call(CREATE_RULESET, 0, 0, 1)
        return false if version.nil? || version < 1

        rights = WRITES
        rights |= REFER if version >= 2
        rights |= TRUNCATE if version >= 3
        attributes = [rights].pack("Q")
        fd = call(CREATE_RULESET, attributes, attributes.size, 0)
        return false if fd.nil?

        ruleset = IO.for_fd(fd)
        writable(config).each { |path| allow(fd, path, rights) }
        held = call(RESTRICT_SELF, fd, 0)
        ruleset.close
        !held.nil? && closed?(config)
      end

      # The scratch folder, devices, what the user allows, and the usual places for
      # scratch files, unless the app itself lies in one of them.
      def writable(config)
        app = File.realpath(config.app)
        common = %w[/tmp /var/tmp].select { |d| File.directory?(d) && !"#{app}/".start_with?("#{File.realpath(d)}/") }
        [config.scratch, "/dev", "/proc"] + common + config.allow_write
      end

      def allow(fd, path, rights)
        rights &= OF_FILES unless File.directory?(path)
        beneath = File.open(path, 0o10000000) # O_PATH
        rule = [rights, beneath.fileno].pack("Ql")
        call(ADD_RULE, fd, 1, rule, 0)
        beneath.close
      rescue SystemCallError
        nil # not there: nothing to allow
      end

      # The proof: not even a file without a name can be opened in the app's folder.
      # Where one can, it is gone when it is closed.
      def closed?(config)
        File.open(config.app, File::TMPFILE | File::WRONLY, 0o600).close
        false
      rescue SystemCallError
        true
      end

      # connect(2), and sendto(2) with an address, are refused as if nobody
      # listened; everything else passes.
      def hold_connects(machine)
        refuse = 0x00050000 | Errno::ECONNREFUSED::Errno
        program = [
          [0x20, 0, 0, 4],                   # 0: the machine whose call it is
          [0x15, 0, 8, machine[:arch]],      # 1: another: pass
          [0x20, 0, 0, 0],                   # 2: the call
          [0x15, 5, 0, machine[:connect]],   # 3: refuse
          [0x15, 0, 5, machine[:sendto]],    # 4: no sendto: pass
          [0x20, 0, 0, 48],                  # 5: its address, low half
          [0x15, 0, 2, 0],                   # 6: not null: refuse
          [0x20, 0, 0, 52],                  # 7: high half
          [0x15, 1, 0, 0],                   # 8: null: pass
          [0x06, 0, 0, refuse],              # 9
          [0x06, 0, 0, 0x7fff0000]           # 10: pass
        ]
        code = program.map { |i| i.pack("SCCL") }.join
        filter = [program.size].pack("S") + "\0" * 6 + [code].pack("P")
        !call(machine[:seccomp], 1, 0, filter).nil?
      end
    end
  end
end
