class ApplicationController < ActionController::API
  around_action :fragment, if: -> { Planted.on?("fragmentation") }
  before_action :burst_of_errors

  private

  # A backend that is away for some seconds every few minutes.
  def burst_of_errors
    return if ENV["SHOP_CALM"]
    return unless Time.now.to_i % 150 < 4 && rand < 0.35 && request.get?

    raise "payment gateway timed out after 2.0 s"
  end

  def fragment
    Planted.fragment
    yield
    Planted.fragment
  end

  def guilty(low, high, from, to, name = "#{self.class.name}##{action_name}", detail = {})
    mb = Planted.between(low, high)
    Truth.call(name, id: request.request_id, detail: detail.merge(megabytes: mb.round)) do
      Planted.bloat(mb, Planted.between(from, to))
      nil
    end
  end

  # Work as ordinary actions do it: a query, some waiting, some objects.
  def work(rows, wait)
    list = Product.order(:id).offset(rand(800)).limit(rows).to_a
    sleep wait * (0.5 + rand)
    list.map(&:attributes)
  end
end

class HomeController < ApplicationController
  def index = render(json: work(12, 0.02))
end

class HealthController < ApplicationController
  skip_before_action :burst_of_errors
  def show = render(plain: "ok")
end

class ProductsController < ApplicationController
  def index
    guilty(50, 220, 2, 9, "ProductsController#index", locale: "fr") if Planted.on?("bloat_param") && params[:locale] == "fr"
    render json: work([(params[:per_page] || 25).to_i, 200].min, 0.04)
  end

  def show = render(json: work(1, 0.015))
end

class SearchController < ApplicationController
  def index
    found = Product.where("title LIKE ?", "%#{params[:q].to_s.first(20)}%").limit(40).to_a
    sleep 0.06 * (0.5 + rand)
    render json: found
  end
end

class CartsController < ApplicationController
  def show = render(json: work(4, 0.01))
end

class CartItemsController < ApplicationController
  def create
    work(1, 0.02)
    render json: { ok: true }, status: :created
  end
end

class CheckoutsController < ApplicationController
  def new = render(json: work(5, 0.05))

  def create
    work(5, 0.25)
    order = Order.create!(user_id: params[:user_id].to_i, total: rand(9000))
    ReceiptJob.perform_later(order.id)
    render json: { id: order.id }, status: :created
  end
end

class OrdersController < ApplicationController
  def index = render(json: Order.order(id: :desc).limit(20).to_a)

  def show
    order = Order.find_by(id: params[:id]) || Order.first
    sleep 0.02
    render json: order
  end
end

class SessionsController < ApplicationController
  def create
    sleep 0.12
    render json: { user: 1 }
  end
end

class NotificationsController < ApplicationController
  def index = render(json: [])
end

# The slow innocent: a long poll, in flight nearly always.
class EventsController < ApplicationController
  def wait
    sleep 12 + rand * 16
    render json: { events: [] }
  end
end

class ExportsController < ApplicationController
  def create
    job = ExportJob.perform_later(rand(10_000))
    render json: { id: job.job_id }, status: :accepted
  end

  def show = render(json: { state: "done" })
end

class InvoicesController < ApplicationController
  def show
    sleep 0.15
    send_data "%PDF-1.4\n" + Random.bytes(120_000), filename: "invoice-#{params[:id]}.pdf", type: "application/pdf"
  end
end

# The body is produced after Completed has been logged.
class DownloadsController < ApplicationController
  def show
    headers["Content-Type"] = "application/octet-stream"
    headers["Last-Modified"] = Time.now.httpdate
    headers["Cache-Control"] = "no-cache"
    self.response_body = Enumerator.new do |out|
      12.times { out << Random.bytes(64_000); sleep 0.2 }
    end
  end
end

class ThumbnailsController < ApplicationController
  def show
    if Planted.on?("native_leak")
      Truth.call("ThumbnailsController#show", id: request.request_id) { Planted.native }
    end
    sleep 0.05 * (0.5 + rand)
    send_data Random.bytes(9_000), type: "image/png", disposition: "inline"
  end
end

class RecommendationsController < ApplicationController
  def index
    if Planted.on?("retention")
      Truth.call("RecommendationsController#index", id: request.request_id, exact: false) { Planted.retain("#{request.request_id}/#{params[:user_id]}") }
    end
    render json: work(10, 0.05)
  end
end

class SitemapsController < ApplicationController
  def show
    urls = Product.limit(900).pluck(:id).map { |id| "https://shop.example/products/#{id}" }
    sleep 1.8
    render plain: urls.join("\n")
  end
end

class CatalogController < ApplicationController
  def export
    guilty(40, 240, 4, 20) if Planted.on?("two_culprits")
    sleep 0.3
    render plain: work(50, 0.1).map { |r| r.values.join(",") }.join("\n")
  end
end

class GraphqlController < ApplicationController
  def execute
    operation = params[:operationName].to_s
    if operation == "getOrderTree" && Planted.on?("graphql")
      mb = Planted.between(50, 260)
      Truth.call("GraphqlController#execute", id: request.request_id, detail: { operation: operation, megabytes: mb.round }) do
        Planted.graph(mb, Planted.between(4, 22))
        nil
      end
    else
      work(8, 0.04)
    end
    render json: { data: { ok: true } }
  end
end

module Admin
  class DashboardController < ApplicationController
    def index = render(json: work(60, 0.2))
  end

  class ReportsController < ApplicationController
    def index
      if Planted.on?("bloat", "two_culprits")
        guilty(40, 350, 3, 38)
      elsif Planted.on?("unfinished") && params[:range] == "all"
        Truth.call("Admin::ReportsController#index", id: request.request_id, detail: { range: "all" }) { Planted.endless }
      end
      render json: work(80, 0.4)
    end
  end

  class ReportRequestsController < ApplicationController
    def create
      job = ReportBuildJob.perform_later(params[:range])
      render json: { id: job.job_id }, status: :accepted
    end
  end

  class UsersController < ApplicationController
    def index = render(json: work(40, 0.06))
  end
end

module Api
  module V1
    class StockController < ApplicationController
      def show = render(json: { stock: Product.where(id: params[:id].to_i % 900).pick(:stock) })
    end

    class EventsController < ApplicationController
      def create
        StockSyncJob.perform_later(params[:sku]) if params[:kind] == "stock"
        head :no_content
      end
    end
  end
end
