module Capistrano
  module Lamp
    VERSION = "1.2.0"
  end
end
