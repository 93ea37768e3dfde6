require "capistrano/lamp/helpers"
require "capistrano/lamp/version"

if Gem::Version.new(Capistrano::VERSION).release >= Gem::Version.new("3.0.0")
  load File.expand_path("../tasks/lamp.rake", __FILE__)
  Dir.glob(File.join(File.dirname(__FILE__), "lamp", "more", "*.rake")).sort.each { |file| import file }
else
  require "capistrano/lamp/v2"
end
