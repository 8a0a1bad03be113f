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

      # Without the hooks of the meter: loads what there is to step into. The
      # kernel may do without.
      def install_now
        return if CulpritBoot.held.include?("connect")

        require "socket"
        install(:sockets)
      end

      # Notes the attempt and says whether it must fail.
      def deny?(address)
        allowed = CulpritBoot.config.allow_connect
        return false if allowed.include?("any") || allowed.include?(address)

        CulpritBoot.wire.put("C", address, *where)
        true
      end

      # The nearest line of the app and the nearest line at all.
      def where
        lines = caller(2) || []
        lines.reject! { |l| l.start_with?("<internal:", "<culprit>", HERE) }
        app = "#{CulpritBoot.config.app}/"
        [lines.find { |l| l.start_with?(app) }.to_s, lines.first.to_s]
      end

      # Who a database's options or connection string speak of.
      def address(options, args, port)
        return args.first[%r{(?<=@|//)[^/?]+}] || args.first[/host=\S+/] || "database" if args.first.is_a?(String)

        socket = options[:socket]
        return socket.to_s if socket

        host = options[:host] || options[:hostaddr] || options["host"] || "localhost"
        "#{host}:#{options[:port] || options["port"] || port}"
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
      end

      def postgres
        ::PG::Connection.singleton_class.prepend(Postgres)
      end

      def mysql
        ::Mysql2::Client.prepend(Mysql)
      end

      def trilogy
        ::Trilogy.prepend(Mysql)
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

    # PG.connect and its many names end in PG::Connection.new.
    module Postgres
      %i[new open connect async_connect sync_connect].each do |name|
        define_method(name) do |*args, **options, &block|
          address = Refuse.address(args.first.is_a?(Hash) ? args.first : options, args, 5432)
          raise ::PG::ConnectionBad, Refuse.refused(address).message if Refuse.deny?(address)

          super(*args, **options, &block)
        end
      end
    end

    # Mysql2::Client.new and Trilogy.new take a hash.
    module Mysql
      def initialize(options = {})
        address = Refuse.address(options, [], 3306)
        raise Refuse.refused(address) if Refuse.deny?(address)

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
