class ApplicationJob < ActiveJob::Base; end

class ExportJob < ApplicationJob
  def perform(id)
    Product.limit(300).map(&:attributes).to_json.bytesize + id
    sleep 0.4
  end
end

class ReceiptJob < ApplicationJob
  def perform(_order) = sleep(0.08)
end

class StockSyncJob < ApplicationJob
  def perform(_sku)
    Product.where("stock < 5").limit(50).to_a
    sleep 1.5
  end
end

class ReportBuildJob < ApplicationJob
  def perform(_range)
    return sleep(1.2) unless Planted.on?("job")

    mb = Planted.between(40, 300)
    Truth.call("ReportBuildJob", id: job_id, detail: { megabytes: mb.round }) do
      Planted.bloat(mb, Planted.between(4, 25))
      nil
    end
  end
end
