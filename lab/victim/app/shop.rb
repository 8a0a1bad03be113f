# A small Rails 6.1 shop in a few files: no bundler, Debian's gems only.
require "rails"
require "action_controller/railtie"
require "active_record/railtie"
require "active_job/railtie"
require "lograge"
require_relative "truth"
require_relative "planted"

LOG_DIR = ENV.fetch("SHOP_LOGS")

# One logger, three files at once: with pid (as production.rb sets
# Logger::Formatter), the same with [request_id] tags, and bare messages.
class ThreeFormats < ::Logger::Formatter
  ID = /\A(\h{32}|\h{8}-\h{4}-\h{4}-\h{4}-\h{12})\z/

  def initialize(name)
    super()
    @tagged = open_log("#{name}.tagged.log")
    @bare = open_log("#{name}.bare.log")
  end

  def open_log(name) = File.open(File.join(LOG_DIR, name), "a").tap { |f| f.sync = true }

  def call(severity, time, progname, message)
    full = message.to_s
    tags = current_tags
    prefix = tags.empty? ? "" : tags_text.to_s
    text = full.delete_prefix(prefix)
    rest = ID.match?(tags.first.to_s) ? tags.drop(1) : tags
    lead = rest.map { |t| "[#{t}] " }.join
    text = text.gsub("\n#{prefix}", "\n#{lead}") unless prefix.empty?
    short = lead + text
    @tagged.write(super(severity, time, progname, full))
    @bare.write(short + "\n")
    super(severity, time, progname, short)
  end
end

# Middleware that keeps 50 kB for every request alike.
class RequestJournal
  def initialize(app) = @app = app

  def call(env)
    Planted.keep_for_every_request
    @app.call(env)
  end
end

# Enqueues into a folder which bin/worker of the same host empties.
class SpoolAdapter
  def enqueue(job)
    name = File.join(ENV.fetch("SHOP_SPOOL"), format("%.6f-%s.json", Time.now.to_f, job.job_id))
    File.write("#{name}.tmp", JSON.generate(job.serialize))
    File.rename("#{name}.tmp", name)
  end

  def enqueue_at(job, _time) = enqueue(job)
end

class Shop < Rails::Application
  name = ENV.fetch("SHOP_LOG_NAME", "production")
  config.root = File.expand_path("..", __dir__)
  config.load_defaults 6.1
  config.api_only = true
  config.eager_load = false
  config.cache_classes = true
  config.consider_all_requests_local = false
  config.secret_key_base = "0" * 64
  config.hosts.clear
  config.log_level = :info
  config.log_tags = [:request_id]
  config.filter_parameters += %i[password token]
  config.active_record.database_selector = nil
  config.active_job.queue_adapter = ENV["SHOP_SPOOL"] ? SpoolAdapter.new : :async
  device = ::Logger.new(File.join(LOG_DIR, "#{name}.log"))
  device.formatter = ThreeFormats.new(name)
  config.logger = ActiveSupport::TaggedLogging.new(device)
  config.middleware.use RequestJournal if Planted.on?("traffic_wide")
  ENV["DATABASE_URL"] ||= "sqlite3:#{ENV.fetch('SHOP_DB')}?pool=20&timeout=5000"
end

# lograge as a second subscriber, so that the same requests are there in its
# formats too: key=value and logstash JSON.
module LogrageToo
  KV = ::File.open(File.join(LOG_DIR, "lograge.log"), "a").tap { |f| f.sync = true }
  JSONL = ::File.open(File.join(LOG_DIR, "logstash.log"), "a").tap { |f| f.sync = true }
  SILENT = ::Logger.new(nil)

  def self.call(data)
    time = Time.now
    KV.write(Lograge::Formatters::KeyValue.new.call({ time: time.iso8601(3) }.merge(data)) + "\n")
    JSONL.write(JSON.generate(data.merge(
      "@timestamp" => time.utc.iso8601(3), "@version" => "1",
      "message" => "[#{data[:status]}] #{data[:method]} #{data[:path]} (#{data[:controller]}##{data[:action]})"
    )) + "\n")
    ""
  end

  def self.start
    Lograge.formatter = method(:call)
    Lograge.logger = SILENT
    Lograge.log_level = :info
    Lograge.custom_options = lambda do |event|
      payload = event.payload
      {
        host: Truth::HOST, pid: Process.pid, request_id: payload[:headers].env["action_dispatch.request_id"],
        params: payload[:params].except("controller", "action", "format")
      }
    end
    Lograge::RequestLogSubscriber.attach_to :action_controller
  end
end

require_relative "models"
require_relative "jobs"
require_relative "controllers"

Shop.initialize!
LogrageToo.start if ENV.fetch("SHOP_LOG_NAME", "production") == "production"
Planted.heavy if Planted.on?("heavy_gem")
Planted.require_native if Planted.on?("native_leak")

Shop.routes.draw do
  root to: "home#index"
  get "healthz", to: "health#show"
  resources :products, only: %i[index show]
  get "search", to: "search#index"
  resource :cart, only: :show
  post "cart/items", to: "cart_items#create"
  resource :checkout, only: %i[new create]
  resources :orders, only: %i[index show]
  post "session", to: "sessions#create"
  resources :notifications, only: :index
  get "events/wait", to: "events#wait"
  resources :exports, only: %i[create show]
  resources :invoices, only: :show
  resources :downloads, only: :show
  resources :thumbnails, only: :show
  resources :recommendations, only: :index
  get "sitemap", to: "sitemaps#show"
  get "catalog/export", to: "catalog#export"
  post "graphql", to: "graphql#execute"
  namespace :admin do
    get "dashboard", to: "dashboard#index"
    resources :reports, only: :index
    resources :report_requests, only: :create
    resources :users, only: :index
  end
  namespace :api do
    namespace :v1 do
      resources :stock, only: :show
      resources :events, only: :create
    end
  end
end
