# A small Rails app in one process serves requests, keeps a string of 2,000 bytes for
# each in a cache that nobody empties, and dumps its heap three times.
#
#   ruby rails.rb FOLDER
require "logger"
require "rails"
require "action_controller/railtie"
require "rack/mock"
require "objspace"

class Shop < Rails::Application
  config.root = __dir__
  config.eager_load = false
  config.logger = Logger.new(nil)
  config.secret_key_base = "none"
  config.hosts.clear
end

ObjectSpace.trace_object_allocations_start

module PriceCache
  STORE = {}
  def self.remember(key) = STORE[key] = "price of #{key} ".ljust(2000, ".")
end

class OrdersController < ActionController::Base
  def index
    PriceCache.remember(params[:id])
    render json: { id: params[:id], lines: Array.new(20) { |i| { sku: "sku-#{i}", price: i } } }
  end
end

Shop.initialize!
Shop.routes.draw { get "/orders/:id", to: "orders#index" }
app = Rack::MockRequest.new(Shop)
serve = ->(from) { 300.times { |i| app.get("/orders/#{from + i}").status == 200 or abort "refused" } }
dump = lambda do |name|
  4.times { GC.start }
  File.open(File.join(ARGV[0], "#{name}.json"), "w") { |f| ObjectSpace.dump_all(output: f) }
end

serve.(0)
dump.("a")
serve.(1000)
passing = Array.new(500) { |i| "passing #{i} " * 50 }
dump.("b")
passing.clear
serve.(2000)
dump.("c")
