# Recipe libraries of gems of the old kind.
$:.unshift File.expand_path("../../vendor/gems/cap-lamp-0.4.0/lib", __FILE__)
require "cap_lamp/recipes"

set :application, "shop"
set :lamp_colour, "red"
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :main do
  lamp.on
end
