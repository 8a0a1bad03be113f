# frozen_string_literal: true

module CulpritBoot
  # Refuse answers for every server and database: nobody is there. It notes who
  # was asked for and from which line. What C libraries do by themselves is held
  # back by Guard.
  module Refuse
    # Where to step in, by the end of the feature's path that brings the class.
    FEATURES = {
      "socket.so" => :sockets, "pg_ext.so" => :postgres, "mysql2/mysql2.so" => :mysql,
      "trilogy/cext.so" => :trilogy, "sqlite3/database.rb" => :sqlite
    }.freeze

    class << self
      # Steps in once a feature has been loaded.
      def loaded(file)
        return unless file.is_a?(String)

        FEATURES.each { |ending, what| install(what) if file.end_with?(ending) }
      end

      # Without the meter there is nobody to say what has been loaded. Where the
      # kernel refuses, nobody needs to.
      def watch
        return if CulpritBoot.held.include?("connect") || CulpritBoot.config.allow_connect.include?("any")

        name = Kernel.private_method_defined?(:gem_original_require) ? :gem_original_require : :require
        [[Kernel, name], [Kernel.singleton_class, :require]].each do |owner, method|
          original = owner.instance_method(method)
          owner.send(:define_method, method) do |path|
            loaded = original.bind(self).call(path)
            Refuse.loaded($LOADED_FEATURES.last) if loaded
            loaded
          end
          owner.send(:private, method) if owner == Kernel
        end
      end

      # Notes the attempt and says whether it must fail.
      def deny?(address)
        allowed = CulpritBoot.config.allow_connect
        return false if allowed.include?("any") || allowed.include?(address)
        return false if allowed.any? { |a| a.start_with?("#{address}:") } # a name without a port

        CulpritBoot.wire.put("C", address, *where)
        true
      end

      # The nearest line of the app and the nearest line at all.
      def where
        lines = caller(2) || []
        lines.reject! { |l| l.start_with?("<internal:", "<culprit>", HERE) }
        app = "#{CulpritBoot.config.app}/".b
        [lines.find { |l| l.b.start_with?(app) }.to_s, lines.first.to_s]
      end

      # Where a name is allowed, so are its addresses.
      def learn(host, found)
        allowed = CulpritBoot.config.allow_connect
        ports = allowed.select { |a| a.start_with?("#{host}:") }.map { |a| a[/\d+\z/] }
        return if ports.empty?

        found.each do |f|
          ip = f.is_a?(Array) ? f[3] : f.ip_address
          ports.each { |port| allowed << (ip.include?(":") ? "[#{ip}]:#{port}" : "#{ip}:#{port}") }
        end
      end

      # Where the kernel refuses, the library may fail in its own way.
      def deny_library?(address)
        deny?(address) && !CulpritBoot.held.include?("connect")
      end

      # Who a database's options or connection string speak of; never with a
      # password.
      def address(options, args, port)
        text = args.first
        return named(text, port) if text.is_a?(String)
        return options[:socket].to_s if options[:socket]

        host = options[:host] || options[:hostaddr] || options["host"] || "localhost"
        place(host, options[:port] || options["port"] || port)
      end

      def named(text, port)
        uri = text[%r{\A\w+://(?:[^@/]*@)?([^/?]+)}, 1]
        return uri.include?(":") ? uri : "#{uri}:#{port}" if uri

        place(text[/\bhost\s*=\s*'?([^\s']+)/, 1] || "localhost", text[/\bport\s*=\s*'?(\d+)/, 1] || port)
      end

      def place(host, port)
        host.to_s.start_with?("/") ? host.to_s : "#{host}:#{port}"
      end

      def refused(address)
        Errno::ECONNREFUSED.new("#{address}, by culprit")
      end

      private

      def install(what)
        @installed ||= {}
        return if @installed[what]

        @installed[what] = true
        send(what)
      rescue NameError
        nil # another class behind the same file name
      end

      def sockets
        ::TCPSocket.prepend(Tcp)
        ::UNIXSocket.prepend(Unix) if defined?(::UNIXSocket)
        ::UDPSocket.prepend(Udp)
        ::Socket.prepend(Plain)
        ::Socket.singleton_class.prepend(Dial)
        ::Socket.singleton_class.prepend(Names)
        ::Addrinfo.singleton_class.prepend(Names)
      end

      def postgres
        ::PG::Connection.singleton_class.prepend(Postgres)
      end

      def mysql
        ::Mysql2::Client.prepend(Mysql)
      end

      def trilogy
        ::Trilogy.prepend(Three)
      end

      def sqlite
        ::SQLite3::Database.prepend(Sqlite)
      end
    end

    # TCPSocket.new and open.
    module Tcp
      def initialize(host = nil, port = nil, *rest, **options)
        address = "#{host || "localhost"}:#{port}"
        raise Refuse.refused(address) if Refuse.deny?(address)

        super
      end
    end

    # UNIXSocket.new and open.
    module Unix
      def initialize(path, *)
        raise Refuse.refused(path) if Refuse.deny?(path.to_s)

        super
      end
    end

    # UDPSocket#connect: no packet is sent by it, but the next ones would be.
    module Udp
      def connect(host, port)
        address = "#{host}:#{port}"
        raise Refuse.refused(address) if Refuse.deny?(address)

        super
      end
    end

    # Socket.tcp, before a name is looked up.
    module Dial
      def tcp(host, port, *, **)
        address = "#{host || "localhost"}:#{port}"
        raise Refuse.refused(address) if Refuse.deny?(address)

        super
      end
    end

    # Socket#connect in both forms.
    module Plain
      def connect(address)
        culprit_refuse(address)
        super
      end

      def connect_nonblock(address, **)
        culprit_refuse(address)
        super
      end

      private

      def culprit_refuse(address)
        info = address.respond_to?(:inspect_sockaddr) ? address : Addrinfo.new(address)
        name = info.inspect_sockaddr
        raise Refuse.refused(name) if Refuse.deny?(name)
      end
    end

    # Addrinfo.getaddrinfo and Socket.getaddrinfo: a name that cannot be looked up
    # here would have been connected to.
    module Names
      def getaddrinfo(host, service = nil, *, **)
        found = super
        Refuse.learn(host, found)
        found
      rescue ::SocketError
        Refuse.deny?(service ? "#{host}:#{service}" : host.to_s)
        raise
      end
    end

    # PG.connect and its many names end in PG::Connection. It waits for ever for a
    # server that refuses at once (pg 1.4.5), so it is not let come to that.
    module Postgres
      %i[new open connect async_connect sync_connect].each do |name|
        define_method(name) do |*args, **options, &block|
          address = Refuse.address(args.first.is_a?(Hash) ? args.first : options, args, 5432)
          raise ::PG::ConnectionBad, Refuse.refused(address).message if Refuse.deny?(address)

          super(*args, **options, &block)
        end
      end
    end

    # Mysql2::Client connects in a method of its own. It must have been prepared
    # before: a client that is half made ends the process when it is collected.
    module Mysql
      private

      def connect(_user, _password, host = nil, port = nil, _database = nil, socket = nil, *)
        address = socket ? socket.to_s : "#{host || "localhost"}:#{port || 3306}"
        raise Refuse.refused(address) if Refuse.deny_library?(address)

        super
      end
    end

    # Trilogy.new takes a hash.
    module Three
      def initialize(options = {}, *)
        address = Refuse.address(options, [], 3306)
        raise Refuse.refused(address) if Refuse.deny_library?(address)

        super
      end
    end

    # A database in a file is a database; one in memory touches nobody.
    module Sqlite
      def initialize(file, *, **)
        name = file.to_s
        unless name.empty? || name.include?(":memory:")
          raise ::SQLite3::CantOpenException, Refuse.refused(name).message if Refuse.deny?(name)
        end
        super
      end
    end
  end
end
