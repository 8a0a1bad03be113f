# frozen_string_literal: true

require "socket"

# Settings that are read from a database when the app boots, as many apps do.
module Settings
  def self.load
    TCPSocket.open("db.internal", 5432) { |s| s.write("SELECT * FROM settings") }
  end
end
