# frozen_string_literal: true

Book.create!(title: "The Count of Monte Cristo")
