class Area < ApplicationRecord
  # geometry.invalid_reason would tell why
  def drawn? = geometry.valid?
end
