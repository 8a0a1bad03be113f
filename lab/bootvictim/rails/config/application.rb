# frozen_string_literal: true

require_relative "boot"
require "rails"
require "active_model/railtie"
require "active_job/railtie"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"
Bundler.require(*Rails.groups)

module Bookshop
  class Application < Rails::Application
    config.load_defaults [6.1, Rails::VERSION::STRING.to_f].min
  end
end
