# frozen_string_literal: true

class BooksController < ActionController::Base
  def index
    render json: Book.all
  end

  def show
    render json: Book.find(params[:id])
  end
end
