class Product < ActiveRecord::Base; end
class Order < ActiveRecord::Base; end
