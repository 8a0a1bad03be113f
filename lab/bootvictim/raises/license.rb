# frozen_string_literal: true

ENV.fetch("LICENSE_KEY")
