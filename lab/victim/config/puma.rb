# One "host": a cluster of two workers.
workers Integer(ENV.fetch("SHOP_WORKERS", "2"))
threads 3, 5
bind "tcp://#{ENV.fetch('SHOP_BIND')}"
environment "production"
tag "shop"
worker_timeout 60
worker_shutdown_timeout 3
force_shutdown_after 2
preload_app! if ENV["SHOP_PLANT"] == "heavy_gem"

on_worker_boot do |_index|
  if (seconds = ENV.fetch("SHOP_COLLECT", "0").to_f).positive?
    Thread.new { loop { sleep seconds; GC.start } }.name = "collector"
  end
  if ENV["SHOP_PLANT"] == "heavy_gem"
    ActiveRecord::Base.clear_all_connections!
  elsif ENV["SHOP_PLANT"] == "background"
    Thread.new do
      sleep 0.5 until defined?(Planted) && Rails.application&.initialized?
      Planted.background
    end
  end
end
