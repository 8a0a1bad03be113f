# frozen_string_literal: true

require_relative "settings"
Settings.load
